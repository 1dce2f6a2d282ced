"""What other tools and papers call operators, for whoever writes such a name in a spec."""

from __future__ import annotations

# By what is written here: the names, without their underscores and in small letters.
NAMES = {
    "conv": "conv1d conv2d conv3d convolution convolution2d",
    "dwconv": "depthwise depthwiseconv depthwiseconv2d depthwiseconvolution",
    "convt": """convtranspose convtranspose1d convtranspose2d convtranspose3d conv2dtranspose
        transposedconv transposeconv deconv deconv2d deconvolution upconv""",
    "maxpool": "maxpool1d maxpool2d maxpool3d maxpooling maxpooling2d",
    "maxpool global": "globalmaxpool globalmaxpooling globalmaxpooling2d",
    "avgpool": "avgpool1d avgpool2d avgpool3d averagepool averagepooling averagepooling2d meanpool",
    "avgpool global": """gap globalavg globalpool globalavgpool globalaveragepool
        globalaveragepooling globalaveragepooling2d""",
    "avgpool out=1x1": "adaptiveavgpool adaptiveavgpool2d",
    "bn": "batchnorm batchnorm1d batchnorm2d batchnorm3d batchnormalization norm",
    "ln": "layernorm layernorm2d layernormalization",
    "gn 32": "groupnorm groupnormalization",
    "lrn": "localresponsenorm localresponsenormalization",
    "relu": "rectifier",
    "silu": "swish",
    "hardswish": "hswish",
    "hardsigmoid": "hsigmoid",
    "leaky": "leakyrelu lrelu",
    "fc": "linear fullyconnected innerproduct mlp",
    "dropout2d": "spatialdropout spatialdropout2d",
    "droppath": "stochasticdepth dropconnect",
    "scale": "layerscale",
    "flatten": "reshape view",
    "permute": "transpose",
    "shuffle": "channelshuffle",
    "pixelshuffle": "depthtospace subpixel",
    "upsample": "interpolate resize upsampling upsampling2d upscale",
    "pad": "zeropad zeropad2d zeropadding zeropadding2d",
    "identity": "skip shortcut passthrough noop",
    "[ a | b ]": "concat concatenate cat",
    "[ a + b ]": "add plus sum eltwise",
    "[ a * b ]": "mul multiply product",
    "conv 3x3 64 x2": "repeat times loop",
    "relu if (in.c > 64)": "if when",
}
WRITTEN = {name: here for here, names in NAMES.items() for name in names.split()}


def written(name: str) -> str:
    """How a spec writes what others call so; empty for a name that is unknown."""
    here = WRITTEN.get(name.lower().replace("_", ""), "")
    return f"write {here}" if here else ""

"""Small modules as people write them: those that Arch can say, and those that it cannot."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Functions(nn.Module):
    """Functions in place of modules."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(8, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, (1, 3), padding="same", groups=8)
        self.fc = nn.Linear(8 * 3 * 3, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x), inplace=True), 2)
        x = F.avg_pool2d(F.leaky_relu(self.conv2(x), 0.2), 3, stride=1, padding=1)
        x = F.dropout(F.adaptive_avg_pool2d(x, (3, 3)), 0.3, self.training)
        return self.fc(x.view(x.size(0), -1)).tanh()


class Means(nn.Module):
    """The mean of a map, and features by reshape."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        one = x.mean((2, 3), keepdim=True).reshape(x.shape[0], -1)
        return self.fc(torch.cat([one, torch.mean(x, dim=[-2, -1])], 1))


class Split(nn.Module):
    """Channels in two halves, and shuffled."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        one, two = x.chunk(2, dim=1)
        x = torch.cat((one, self.branch(two)), dim=1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)
        first, second = torch.split(x, [3, 5], 1)
        return torch.cat([second, first, x[:, 2:6]], 1)


class Gate(nn.Module):
    """Squeeze and excitation, a constant factor, and a sum in place."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(8, 2, 1)
        self.fc2 = nn.Conv2d(2, 8, 1)
        self.body = nn.Conv2d(8, 8, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.fc2(F.silu(self.fc1(F.adaptive_avg_pool2d(x, 1)))))
        x = x * gate
        y = 0.5 * self.body(x)
        y += x
        return y


class Lists(nn.Module):
    """Children in lists and dictionaries, which nobody calls."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 3, padding=1)])
        self.norms = nn.ModuleDict({"one": nn.GroupNorm(2, 8), "two": nn.PReLU(8)})

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = conv(x)
        for norm in self.norms.values():
            x = norm(x)
        return x


class Up(nn.Module):
    """A step of a U-Net's way up."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.conv = nn.Conv2d(16, 8, 3, padding=1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return F.relu(self.conv(torch.cat([skip, self.up(x)], 1)))


class Skips(nn.Module):
    """A tensor that is used again behind the way down and up."""

    says = ("@",)

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Conv2d(8, 8, 3, padding=1)
        self.mid = nn.Conv2d(8, 16, 3, padding=1)
        self.dec = Up()

    def forward(self, x: Tensor) -> Tensor:
        skip = F.relu(self.enc(x))
        return self.dec(F.relu(self.mid(F.max_pool2d(skip, 2))), skip)


class Crossing(nn.Module):
    """Two sums that lie across each other."""

    says = ("@",)

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(8, 8, 1)
        self.b = nn.Conv2d(8, 8, 1)
        self.c = nn.Conv2d(8, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = self.a(x)
        b = self.b(a)
        return self.c(b + x) + a


class Dense(nn.Module):
    """Layers that take all that came before, as a list."""

    says = ("layer#: ", "[ identity | ")

    class Layer(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(channels, 4, 3, padding=1)

        def forward(self, xs: list[Tensor]) -> Tensor:
            return self.conv(torch.cat(xs, 1))

    def __init__(self) -> None:
        super().__init__()
        for i in range(3):
            self.add_module(f"layer{i + 1}", Dense.Layer(8 + 4 * i))

    def forward(self, x: Tensor) -> Tensor:
        xs = [x]
        for layer in self.children():
            xs.append(layer(xs))
        return torch.cat(xs, 1)


class Signal(nn.Module):
    """One spatial axis."""

    shape = (2, 40)
    says = ("conv 5/2 6 valid", "classes=3")

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(2, 6, 5, 2), nn.ELU(), nn.MaxPool1d(2), nn.Flatten())
        self.net.append(nn.Linear(54, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Decided(nn.Module):
    """A way that the input's size decides; and a child that does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(8, 8, 1), nn.Identity(), nn.Conv2d(8, 8, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) if x.shape[2] > 4 else x


class Acting(nn.Module):
    """A norm that brings its activation along, and a linear layer of one's own, as in timm."""

    class Norm(nn.BatchNorm2d):
        def __init__(self) -> None:
            super().__init__(8)
            self.drop = nn.Identity()
            self.act = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            mean, var = self.running_mean, self.running_var
            y = F.batch_norm(x, mean, var, self.weight, self.bias, self.training, 0.1, self.eps)
            return self.act(self.drop(y))

    class Linear(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return F.linear(x, self.weight, self.bias)

    def __init__(self) -> None:
        super().__init__()
        self.norm = Acting.Norm()
        self.fc = Acting.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.norm(x).mean((2, 3)))


class Constants(nn.Module):
    """Numbers that no short text says; those that only training uses are written short."""

    says = (
        "scale fixed=0.9803921568627451",
        "bn eps=3.3333333333333337e-06 momentum=0.0003",
        "leaky 0.3333333333333333",
        "gamma: scale 1e-06",
        "dropout 0.3 >",
        "scale fixed=-0.30000000000000004",
    )

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8, eps=1e-5 / 3, momentum=1 - 0.9997)
        self.gamma = nn.Parameter(torch.full((8, 1, 1), 1e-6))
        self.last = nn.Conv2d(8, 4, 1)
        self.drop = nn.Dropout(0.1 * 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.norm(self.conv(x) * (1 / 1.02)), 1 / 3)
        return self.drop(self.last(x * self.gamma)) * (-0.1 * 3)


class Beside(nn.Module):
    """What comes in beside what layers that go by position make of it."""

    def __init__(self, *, swapped: bool, concatenated: bool) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.last = nn.Conv2d(16 if concatenated else 8, 4, 1)
        self.swapped, self.concatenated = swapped, concatenated

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.body(x)
        pair = [y, x] if self.swapped else [x, y]
        return self.last(torch.cat(pair, 1) if self.concatenated else pair[0] + pair[1])


def beside(says: str, *, swapped: bool, concatenated: bool) -> Any:
    """A module of `Beside`, and what the spec says of it."""

    def make() -> nn.Module:
        return Beside(swapped=swapped, concatenated=concatenated)

    make.__name__ = f"Beside{says}"
    make.says = (says,)  # type: ignore[attr-defined]
    return make


BESIDE = [
    beside("[ identity | body: (", swapped=False, concatenated=True),
    beside("> relu) | identity ]", swapped=True, concatenated=True),
    beside("[ identity + body: (", swapped=False, concatenated=False),
    beside("> relu) + identity ]", swapped=True, concatenated=False),
]


class Resized(nn.Module):
    """A map that a function enlarges or makes smaller."""

    def __init__(self, **given: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 4, 1)
        self.given = given

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(self.conv(x), **self.given).relu()


class Resizing(nn.Module):
    """A map that a module enlarges."""

    def __init__(self, resize: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 4, 1)
        self.resize = resize

    def forward(self, x: Tensor) -> Tensor:
        return self.resize(self.conv(x))


def resized(says: str, **given: Any) -> Any:
    """A module of `Resized`, and what the spec says of it."""

    def make() -> nn.Module:
        return Resized(**given)

    make.__name__ = f"Resized{given}"
    make.says = (f"upsample {says} > relu",)  # type: ignore[attr-defined]
    return make


RESIZED = [
    resized("2", scale_factor=2),
    resized("1.5", scale_factor=(1.5, 1.5), recompute_scale_factor=False),
    resized("0.5 mode=bilinear", scale_factor=0.5, mode="bilinear"),
    resized("3 mode=bilinear", scale_factor=3.0, mode="bilinear", align_corners=False),
    resized("2", size=24),
    resized("1.0833333333333335", size=(13, 13)),
    resized("1.4166666666666667 mode=bilinear", size=[17, 17], mode="bilinear"),
    resized("2 mode=bicubic", size=(24, 24), mode="bicubic"),
]


def resizing(*args: Any, kind: Any = nn.Upsample, **given: Any) -> Any:
    """A module that resizes by another."""

    def make() -> nn.Module:
        return Resizing(kind(*args, **given))

    make.__name__ = f"Resizing{args}{given}"
    return make


RESIZING = [
    resizing((24, 24)),
    resizing(scale_factor=2, mode="bilinear", align_corners=False),
    resizing(scale_factor=2, kind=nn.UpsamplingNearest2d),
]


class Borrowed(nn.Module):
    """Maps that are brought to the extents of others: of one behind, beside, and of the input."""

    shape = (8, 13, 21)
    says = ("mode=bilinear to=@x", "> upsample to=@side ] > upsample to=@x2")

    class Up(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(16, 8, 1)

        def forward(self, x: Tensor, like: Tensor) -> Tensor:
            y = F.interpolate(x, like.size()[-2:], mode="bilinear", align_corners=False)
            return self.conv(torch.cat([like, y], 1))

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(8, 8, 3, 2, padding=1)
        self.deep = nn.Conv2d(8, 8, 3, 2, padding=1)
        self.up = Borrowed.Up()
        self.wide = Borrowed.Up()
        self.side = nn.Conv2d(8, 8, 1)
        self.last = nn.Conv2d(8, 8, 3, 2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        down = self.down(x).relu()
        y = self.wide(self.up(self.deep(down), down), x)
        side = self.side(y)
        y = side + F.interpolate(self.last(y), size=side.shape[2:])
        return F.interpolate(y, x.shape[2:])


class Late(nn.Module):
    """A map that is brought to the extents of one that the text says later; and its sizes."""

    says = ("[ deep: conv 3x3/2 8 > upsample 2 + side: conv 1x1 8 ]",)

    def __init__(self) -> None:
        super().__init__()
        self.deep = nn.Conv2d(8, 8, 3, 2, padding=1)
        self.side = nn.Conv2d(8, 8, 1)
        self.fc = nn.Linear(8 * 12 * 12, 3)

    def forward(self, x: Tensor) -> Tensor:
        side = self.side(x)
        y = F.interpolate(self.deep(x), size=side.shape[2:]) + side
        return self.fc(y.view(*y.shape[:1], y.shape[1] * y.shape[2:].numel()))


TAKEN: list[Any] = [
    *RESIZED, *RESIZING, Borrowed, Late,
    *BESIDE, Acting, Constants,
    Functions, Means, Split, Gate, Lists, Skips, Crossing, Dense, Signal, Decided,
]  # fmt: skip


class Own(nn.Module):
    """A child with a body that a test gives."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.stem = nn.Conv2d(8, 8, 1)
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        return self.part(self.stem(x))


def within(part: Any) -> Any:
    """A module with the given one as its child `part`."""

    def make() -> nn.Module:
        return Own(part())

    make.__name__ = part.__name__
    return make


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.conv(x))


class Parameter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(12))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.offset


class Idle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.spare = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return x.relu()


class Numbered(nn.Sequential):
    """Children by position, with a sum in which passing by would take a number."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self[0](x)
        return x + self[1](x)


class Early(Late):
    """Extents of a tensor that the text says later, and no factor."""

    def forward(self, x: Tensor) -> Tensor:
        side = F.max_pool2d(self.side(x), (1, 2))
        return F.interpolate(self.deep(x), size=side.shape[2:]) + side


class Corners(nn.Module):
    """Extents of another tensor, between corners that stay where they are."""

    def forward(self, x: Tensor) -> Tensor:
        y = F.max_pool2d(x, 2)
        return F.interpolate(y, x.shape[2:], mode="bilinear", align_corners=True) + x


class Values(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum().item() > 0 else -x


class Moody(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x) if self.training else F.silu(x)


class Several(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.relu(), x.sigmoid()


class Odd(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.fft2(x).real


REFUSED: list[tuple[Any, str]] = [
    (lambda: nn.Sequential(nn.Conv2d(8, 8, 1)), "Sequential numbers its children"),
    (within(Shared), "'part.conv' (Conv2d) is called twice"),
    (within(Parameter), "'part' (Parameter) has no operator in Arch: it uses its parameter"),
    (within(Idle), "'part.spare' (Linear) has a 'weight' that its run makes no use of"),
    (within(Numbered), "'part' (Numbered) numbers its children otherwise than it uses them"),
    (resized("", size=(24, 36)), "interpolation of 4x12x12 to 24x36"),
    (resized("", size=24, mode="area"), "interpolate(mode=area, scale_factor=2)"),
    (
        resized("", scale_factor=2, mode="bilinear", align_corners=True),
        "interpolate(scale_factor=2, mode=bilinear, align_corners=true)",
    ),
    (within(Early), "'part' (Early) has no operator in Arch: interpolation of 8x6x6 to 12x6"),
    (within(Corners), "in Arch: interpolate(mode=bilinear, align_corners=true)"),
    (within(Values), "'part' (Values) does not run on an input of 8x12x12"),
    (within(Moody), "'part' (Moody) does something else in training than in evaluation"),
    (Several, "Several returns 2 tensors, not one"),
    (within(Odd), "'part' (Odd) has no operator in Arch: fft_fft2()"),
    (lambda: Own(nn.Conv2d(8, 8, 3, padding_mode="reflect")), "padding_mode=reflect"),
    (lambda: Own(nn.MultiheadAttention(8, 2)), "MultiheadAttention"),
]  # fmt: skip

"""Parameters: those of a block or `let` from a call, those of a network from settings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from archdsl import syntax as s
from archdsl.diagnostics import ArchError, did_you_mean, mistake
from archdsl.expand.arguments import padding_word
from archdsl.expand.edits import Variant
from archdsl.modules import Declared
from archdsl.source import Span
from archdsl.symbols import Binding, Literally, Sym
from archdsl.values import Callee, Strided, Unsolved, Value, kind_of

if TYPE_CHECKING:
    from archdsl.expand.names import Env
    from archdsl.graph import Scope


def bind(declared: Declared, call: s.Call, env: Env, inner: Env) -> tuple[Binding, ...]:
    """Bind a call's arguments to parameters; `inner` gets them, in the order of the header."""
    given = matched(declared, call)
    strides = carried_stride(declared, given, env)
    for param in declared.definition.params:
        arg = given.get(param.names)
        if arg is not None:
            value = strides.pop(id(arg.value), None) or argument(param, arg.value, env)
            if declared.definition.kind == "block":
                refuse_holes(value, arg)
            home = env.home
        elif param.names[0] == "stride" and "stride" in strides:
            value, home = [strides.pop("stride")], env.home
        elif param.default is not None:
            value, home = argument(param, param.default, inner), inner.home
        else:
            raise mistake(
                "argument",
                f"'{declared.definition.name}' needs '{'>'.join(param.names)}'",
                call.span,
                help=signature(declared.definition),
            )
        define(inner, param, value, home, param.literal)
    return tuple(inner.values.values())


def matched(declared: Declared, call: s.Call) -> dict[tuple[str, ...], s.Arg]:
    """Which argument goes to which parameter, by the parameter's names."""
    definition = declared.definition
    given: dict[tuple[str, ...], s.Arg] = {}
    named = definition.named
    unnamed: list[s.Arg] = []
    for arg in call.args:
        name = "pad" if "pad" in named and bare_padding(arg) else arg.name
        if name is None:
            unnamed.append(arg)
            continue
        if name not in named:
            raise mistake(
                "argument",
                f"'{definition.name}' has no parameter '{name}'",
                arg.span,
                help=did_you_mean(name, named) or signature(definition),
            )
        if named[name] in given:
            raise mistake("argument", f"'{name}' is given twice", arg.span)
        given[named[name]] = arg
    free = [param.names for param in definition.params if param.names not in given]
    for arg in unnamed:
        if not free:
            count = len(definition.params)
            takes = f"{count or 'no'} argument{'' if count == 1 else 's'}"
            raise mistake(
                "argument",
                f"'{definition.name}' takes {takes}, and this is one more",
                arg.span,
                help=signature(definition),
            )
        given[free.pop(0)] = arg
    return given


def bare_padding(arg: s.Arg) -> bool:
    """Whether an argument is a word of padding alone, which goes to the parameter `pad`."""
    return arg.name is None and padding_word(arg.value)


def carried_stride(
    declared: Declared, given: Mapping[tuple[str, ...], s.Arg], env: Env
) -> dict[Any, Any]:
    """A size's stride goes to the parameter `stride` where there is one and it was not given.

    Answers with the size's own value by its expression, and the stride's.
    """
    stride = declared.definition.named.get("stride")
    if stride is None or stride in given:
        return {}
    for arg in given.values():
        expr = arg.value
        if isinstance(expr, s.Operation) and expr.sign == "/":
            left = env(expr.operands[0])
            if isinstance(left.value, tuple):
                right = env.passing(expr.operands[1])
                return {id(expr): [left], "stride": right}
        elif isinstance(expr, s.Name) and expr.name in env.values:
            value = env.values[expr.name].value
            if isinstance(value, Strided):
                parts = value.size, value.stride
                size, step = (Value(part, Literally(part, written=False)) for part in parts)
                return {id(expr): [size], "stride": step}
    return {}


def refuse_holes(values: list[Value], arg: s.Arg) -> None:
    """A block is a module of its own: what stands in it cannot depend on a join around it."""
    for value in values:
        given = value.value.stride if isinstance(value.value, Strided) else value.value
        if isinstance(given, Unsolved):
            raise mistake(
                "hole",
                "'_' cannot be given to a block",
                arg.span,
                help="give it to an operator or a 'let', or write '_' within the block",
            )


def argument(param: s.Param, expr: s.Expr, env: Env) -> list[Value]:
    """The values of an argument: one, or one for each name of a pattern."""
    if len(param.names) == 1:
        return [env.passing(expr)]
    pattern = ">".join(param.names)
    if not isinstance(expr, s.ChainValue):
        raise mistake(
            "pattern",
            f"'{pattern}' takes a chain of {len(param.names)} values",
            expr.span,
            help=f"write {'>'.join(['96', '128', '64', '32'][: len(param.names)])}",
        )
    if len(expr.parts) != len(param.names):
        raise mistake(
            "pattern",
            f"'{pattern}' takes {len(param.names)} values, and these are {len(expr.parts)}",
            expr.span,
            help=f"write {'>'.join(['96', '128', '64', '32'][: len(param.names)])}",
        )
    return [env(part) for part in expr.parts]


def define(env: Env, param: s.Param, values: list[Value], home: Scope | None, default: Any) -> None:
    """Enter a parameter's names into an environment."""
    for name, value in zip(param.names, values, strict=True):
        env.values[name] = Binding(name, value.value, value.symbol, home, default)


def signature(definition: s.Definition | s.NetworkDef) -> str:
    """How a block is called."""
    parts = [">".join(p.names) + ("=..." if p.default else "") for p in definition.params]
    names = definition.bodies if isinstance(definition, s.Definition) else ()
    bodies = f"<{', '.join(names)}>" if names else ""
    return f"write {definition.name}{bodies}" + (f"({', '.join(parts)})" if parts else "")


# ---- networks ------------------------------------------------------------------------------


def set_parameters(variant: Variant, envs: list[Env], settings: Mapping[str, Any]) -> list[Binding]:
    """Give the networks of a `from` chain their parameters, base first in `envs`.

    What a `from` call does not bind stays a parameter of the variant. Answers with those.
    """
    left = dict(settings)
    public: list[Binding] = []
    bound: dict[str, tuple[Value, Scope | None, s.Arg]] = {}
    for level in reversed(range(len(envs))):
        env, definition = envs[level], variant.chain[level].definition
        for param in definition.params:
            name = param.names[0]
            value = env(checked_default(param))
            if name in bound:
                given, home, arg = bound.pop(name)
                if sort_of(given.value) != sort_of(value.value):
                    raise unlike(name, value.value, given.value, arg.span)
                define(env, param, [given], home, None)
                continue
            if name in left:
                value = setting(name, left.pop(name), value, env, param)
            define(env, param, [value], None, value.value)
            public.append(env.values[name])
        bound.update(lower(variant, level, env))
    for below, env in pairwise(envs):
        env.values = {**below.values, **env.values}
    if left:
        name = next(iter(left))
        known = [binding.name for binding in public]
        raise mistake(
            "parameter",
            f"network '{variant.name}' has no parameter '{name}'",
            help=did_you_mean(name, known)
            or (f"it has: {', '.join(known)}" if known else "it has none"),
        )
    return public


def checked_default(param: s.Param) -> s.Expr:
    """A network's parameter is one name with a default."""
    if len(param.names) > 1:
        raise mistake("pattern", "a network's parameter is one name", param.span)
    if param.default is None:
        raise mistake(
            "parameter",
            f"the network's parameter '{param.names[0]}' needs a default",
            param.span,
            help=f"{param.names[0]}=1000",
        )
    return param.default


def settable(variant: Variant, level: int) -> list[str]:
    """The parameters of a network of the chain: its own, and what its base leaves free."""
    definition = variant.chain[level].definition
    own = [param.names[0] for param in definition.params]
    if definition.base is None:
        return own
    below = settable(variant, level - 1)
    taken = [arg.name or below[i] for i, arg in enumerate(definition.base.args) if i < len(below)]
    return [*own, *(name for name in below if name not in taken and name not in own)]


def lower(variant: Variant, level: int, env: Env) -> dict[str, tuple[Value, Scope | None, s.Arg]]:
    """What the `from` call of a level gives to the parameters of the levels below."""
    base = variant.chain[level].definition.base
    bound: dict[str, tuple[Value, Scope | None, s.Arg]] = {}
    if base is None:
        return bound
    names = settable(variant, level - 1)
    for arg in base.args:
        name = arg.name or next((n for n in names if n not in bound), "")
        if name not in names or name in bound:
            raise mistake(
                "argument",
                f"'{base.name}' has no parameter '{name}'" if name else "one argument too many",
                arg.span,
                help=did_you_mean(name, names)
                or (f"it has: {', '.join(names)}" if names else "it has none"),
            )
        bound[name] = (env(arg.value), env.home, arg)
    return bound


def setting(name: str, value: Any, default: Value, env: Env, param: s.Param) -> Value:
    """A value from outside, of the kind that the default is."""
    symbol: Sym = Literally(value)
    if isinstance(default.value, Callee) and isinstance(value, str):
        return env(s.Name(value, param.span))
    same = isinstance(value, type(default.value)) or (
        isinstance(value, (int, float))
        and isinstance(default.value, (int, float))
        and not isinstance(value, bool)
        and not isinstance(default.value, bool)
    )
    if not same or isinstance(value, Strided):
        raise unlike(name, default.value, value, param.span)
    return Value(value, symbol)


def sort_of(value: Any) -> str:
    """The sort of a value, where numbers and sizes are of one."""
    if isinstance(value, (bool, str, Callee)):
        return type(value).__name__
    return "number"


def unlike(name: str, default: Any, value: Any, span: Span) -> ArchError:
    """The mistake of a value that is not like the parameter's default."""
    message = f"'{name}' is {kind_of(default)} by default, and {kind_of(value)} does not fit"
    return mistake("parameter", message, span)

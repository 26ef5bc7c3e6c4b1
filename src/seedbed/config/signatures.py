"""Arguments in a config against a callable's signature: unknown and missing names, wrong types."""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import json
import os
import types
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from seedbed.config.tree import Problem, find_nearest, name_kind, show_value

KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
PLAIN_TYPES = (int, float, bool, str, type(None), os.PathLike)
CONTAINERS = (
    list,
    tuple,
    dict,
    set,
    frozenset,
    *(
        getattr(collections.abc, name)
        for name in ("Sequence", "MutableSequence", "Iterable", "Collection", "Mapping", "MutableMapping", "Set")
    ),
)
WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", type(None): "null"}


def read_parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter] | None:
    """Parameters by name, without ``self``; None where Python cannot tell (some classes written in C)."""
    try:
        return dict(inspect.signature(function).parameters)
    except (ValueError, TypeError):
        return None
    except Exception:  # a user's __signature__ can raise anything
        return None


def read_annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """Annotations by parameter, resolved where possible; those that cannot be resolved are absent."""
    return _read_hints(function.__init__ if isinstance(function, type) else function)  # type: ignore[misc]


def _read_hints(target: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(target)
    except Exception:
        raw = dict(getattr(target, "__annotations__", {}))
        scope = getattr(inspect.unwrap(target), "__globals__", {})
        return {name: _resolve_annotation(value, scope) for name, value in raw.items()}


def find_named(function: Callable[..., Any]) -> set[str]:
    """Parameters that take functions and no text, so that a text in a config is the name of a function."""
    return {name for name, annotation in read_annotations(function).items() if _takes_functions(annotation)}


def _takes_functions(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        members = [one for one in get_args(annotation) if one is not type(None)]
        return bool(members) and all(_takes_functions(one) for one in members)
    if origin in CONTAINERS and origin is not dict:
        return any(_takes_functions(one) for one in get_args(annotation))
    return _cannot_be_written(annotation) and getattr(annotation, "__name__", "") not in {"Tensor", "ndarray"}


def _resolve_annotation(value: Any, scope: dict[str, Any]) -> Any:
    """One annotation that is text; the names in it are the module's own."""
    if not isinstance(value, str):
        return value
    try:
        return typing.get_type_hints(types.SimpleNamespace(__annotations__={"x": value}), scope)["x"]
    except Exception:
        return Any


def split_arguments(
    function: Callable[..., Any], args: Mapping[str, Any], also: type | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments that the callable takes itself, and those that are fields of ``also`` (the loader's options).

    A name that both know belongs to the callable.
    """
    parameters = read_parameters(function) or {}
    fields = {field.name for field in dataclasses.fields(also)} if also is not None else set()
    other = {name: value for name, value in args.items() if name in fields and name not in parameters}
    return {name: value for name, value in args.items() if name not in other}, other


def check_arguments(
    function: Callable[..., Any],
    args: Mapping[str, Any],
    given: Collection[str] = (),
    also: type | None = None,
    skip: Collection[str] = (),
    partial: bool = False,
) -> list[Problem]:
    """All mistakes in the arguments of a callable.

    Args:
        function: Class or function that will be called with ``args`` as keywords.
        args: The values from the config.
        given: Names that the program passes itself (``params``).
        also: Dataclass whose fields are accepted too.
        skip: Names whose values are not looked at (parts that are built first).
        partial: Whether the other arguments come when it is called, so that none is missing.
    """
    own, other = split_arguments(function, args, also)
    problems = []
    if also is not None:
        hints = _read_hints(also)
        for name, value in other.items():
            if name in skip:
                continue
            problems += _check_value(name, value, hints.get(name, Any), has_default_none=False)
    parameters = read_parameters(function)
    if parameters is None:
        return problems
    hints = read_annotations(function)
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    known = [name for name, one in parameters.items() if one.kind in KEYWORD and name not in given]
    fields = [field.name for field in dataclasses.fields(also)] if also is not None else []
    for name, value in own.items():
        parameter = parameters.get(name)
        if name in given and (parameter is not None or takes_any):
            problems.append(Problem((name,), "is set by seedbed itself", "remove it"))
        elif parameter is None or parameter.kind not in KEYWORD:
            problems += _check_unknown(name, value, [*known, *fields], takes_any, args, function)
        elif name not in skip:
            problems += _check_value(name, value, hints.get(name, Any), parameter.default is None)
    for name in known if not partial else ():
        if parameters[name].default is inspect.Parameter.empty and name not in args:
            problems.append(
                Problem((name,), f"is missing; {_name(function)} needs it", f"add it: {_sketch(hints, name)}")
            )
    return problems


def _sketch(hints: Mapping[str, Any], name: str) -> str:
    words = WORDS.get(hints.get(name, Any))
    return f'"{name}": {words or "…"}'


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or function)


def _check_unknown(
    name: str,
    value: Any,
    known: list[str],
    takes_any: bool,
    args: Mapping[str, Any],
    function: Callable[..., Any],
) -> list[Problem]:
    """With ``**kwargs`` any name may be right, so only a near miss of an argument that is not given is reported."""
    free = [one for one in known if one not in args]
    near = find_nearest(name, free, cutoff=0.9 if takes_any else 0.6)
    if takes_any and near is None:
        return []
    what = f"{_name(function)} has no such argument (value {show_value(value)})"
    if near is not None:
        return [Problem((name,), what, f"did you mean {near!r}?")]
    return [Problem((name,), what, f"it takes {', '.join(known)}" if known else "it takes none")]


def _check_value(name: str, value: Any, annotation: Any, has_default_none: bool) -> list[Problem]:
    if value is None and has_default_none:
        return []
    wanted = _reduce(annotation)
    if wanted is Any:
        return []
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(wanted, config=ConfigDict(strict=True))
        adapter.validate_json(json.dumps(value))
    except ValidationError as error:
        inner = tuple(item for item in error.errors()[0]["loc"] if isinstance(item, int))
        deep = value
        for item in inner if get_origin(wanted) in CONTAINERS else ():
            deep = deep[item] if isinstance(deep, list) and item < len(deep) else deep
        shown = f"{name_kind(value)} ({show_value(value)})" if value is not None else "null"
        advice = _suggest(value, wanted)
        return [Problem((name,), f"must be {describe_type(wanted)}, is {shown}", advice)]
    except (PydanticUserError, TypeError, ValueError, RecursionError):
        return []
    return []


def _suggest(value: Any, wanted: Any) -> str:
    members = _members(wanted)
    if isinstance(value, str) and str not in members:
        word = value.strip().lower()
        if bool in members and word in {"true", "yes", "on", "false", "no", "off"}:
            return f"write {'true' if word in {'true', 'yes', 'on'} else 'false'}"
        try:
            float(value)
        except ValueError:
            choices = [str(one) for one in members if isinstance(one, str)]
            near = find_nearest(value, choices) if choices else None
            return f"did you mean {near!r}?" if near else ""
        return "remove the quotes" if {int, float} & {one for one in members if isinstance(one, type)} else ""
    if isinstance(value, float) and value.is_integer() and int in members:
        return f"write {int(value)}"
    if isinstance(value, int) and not isinstance(value, bool) and value in (0, 1) and bool in members:
        return f"write {'true' if value else 'false'}"
    return ""


def _members(annotation: Any) -> list[Any]:
    """Alternatives of a type, with the choices of a Literal."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return [member for one in get_args(annotation) for member in _members(one)]
    return list(get_args(annotation)) if get_origin(annotation) is Literal else [annotation]


def _reduce(annotation: Any) -> Any:
    """The part of a type that a config value can be checked against; Any where it cannot be told.

    A tensor, a module or a function cannot stand in a config, so such members of a union drop out; any other class
    may convert what it gets, so it is not checked at all.
    """
    if annotation is inspect.Parameter.empty or annotation is Any:
        return Any
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return _reduce(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        members = [_reduce(one) for one in get_args(annotation) if not _cannot_be_written(one)]
        if not members or any(one is Any for one in members) or (len(members) == 1 and members[0] is type(None)):
            return Any
        return Union[tuple(members)]  # noqa: UP007
    if origin is Literal:
        return annotation
    if origin in CONTAINERS:
        arguments = [one if one is Ellipsis else _reduce(one) for one in get_args(annotation)]
        base = list if origin in {collections.abc.Iterable, collections.abc.Collection} else origin
        return base[tuple(arguments)] if arguments else base
    if annotation in {collections.abc.Iterable, collections.abc.Collection}:
        return list
    if annotation in CONTAINERS or annotation is None:
        return annotation
    if isinstance(annotation, type) and (annotation in PLAIN_TYPES or issubclass(annotation, os.PathLike)):
        return str if issubclass(annotation, os.PathLike) else annotation
    return Any


def _cannot_be_written(annotation: Any) -> bool:
    """Whether no config value can be of this type."""
    if get_origin(annotation) is collections.abc.Callable or annotation is collections.abc.Callable:
        return True
    return isinstance(annotation, type) and f"{annotation.__module__}.{annotation.__name__}" in {
        "torch.Tensor",
        "torch.nn.modules.module.Module",
        "torch.nn.parameter.Parameter",
        "numpy.ndarray",
    }


def describe_type(annotation: Any) -> str:
    """A type in words: ``a number or null``, ``a list of text``."""
    if annotation in WORDS:
        return WORDS[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        parts = list(dict.fromkeys(describe_type(one) for one in arguments))
        return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " or " + parts[-1]
    if origin is Literal:
        return "one of " + ", ".join(show_value(one) for one in arguments)
    base = origin or annotation
    if base is tuple and arguments and arguments[-1] is not Ellipsis:
        return f"a list of {len(arguments)} ({', '.join(describe_type(one) for one in arguments)})"
    if isinstance(base, type) and issubclass(base, collections.abc.Mapping):
        return "a mapping"
    inner = describe_type(arguments[0]) if arguments and arguments[0] is not Any else ""
    return "a list" + (f", each {inner}" if inner else "")

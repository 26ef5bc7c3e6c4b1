"""``{type, args}`` → callable: a short name, a name in the project's modules, or a narrow dotted path.

Config is data, not code: what a dotted path names must be defined under an allowed prefix and be of the kind that its
slot expects. Torch is imported only when something is resolved.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from seedbed.config.prefixes import advise_prefix, check_prefix, import_longest, read_allowed
from seedbed.config.projects import Project, locate_error, open_project, read_names
from seedbed.config.signatures import check_arguments, find_named, read_parameters
from seedbed.config.slots import SLOTS, UnresolvedError, check_kind, find_nested, is_module_instance, nested_slot
from seedbed.config.tree import Problem, find_nearest, show_value
from seedbed.errors import ConfigError, SeedbedError

# A function in these slots is the part itself, called while training; a class is built first.
CALLED_LATER = frozenset({"loss", "metric", "transform", "sampler", "collate", "train_step"})
Tables = Mapping[str, Mapping[str, str]]
# Arguments of timm's constructors that would read a pickle.
BARRED = {"timm.": ("checkpoint_path", "pretrained_cfg", "pretrained_cfg_overlay")}


@dataclass
class Resolver:
    """Turns names into callables, and ``{type, args}`` into objects.

    Args:
        tables: Slot to short name to ``module:attribute``.
        folder: Folder of the user's modules, None where there is none.
        allow: More prefixes (``monai.``) from the command line or from Python; never from a config.
    """

    tables: Tables
    folder: Path | None = None
    allow: Sequence[str] = ()
    project: Project | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        allow = [*self.allow, *(read_allowed(self.folder) if self.folder is not None else [])]
        for prefix in allow:
            check_prefix(prefix)
        self.extra = tuple(prefix if prefix.endswith(".") else prefix + "." for prefix in allow)
        if self.folder is not None:
            self.project = open_project(self.folder)

    def resolve(self, name: str, slot: str) -> Callable[..., Any]:
        """The callable that a name stands for.

        Args:
            name: Short name, name in the project, or dotted path.
            slot: Place in the config, a key of ``SLOTS``.

        Raises:
            ConfigError: There is no such name, it may not be used, or it is of the wrong kind.
        """
        if self.project is not None:
            self.project.activate()
        table = self.tables.get(slot, {})
        if name in table:
            self._check_ambiguity(name, slot)
            return _import_entry(table[name])
        if "." not in name:
            return self._resolve_in_project(name, slot)
        parts = name.split(".")
        if not all(part.isidentifier() and not part.startswith("_") for part in parts):
            raise UnresolvedError(f"{name!r} is not a dotted path of public names", "write it like torch.nn.Linear")
        if self.project is not None and self.project.owns(parts[0]):
            return self._resolve_local(parts, slot)
        prefixes = SLOTS[slot].prefixes + self.extra
        if not name.startswith(prefixes):
            raise UnresolvedError(
                f"{name!r} is outside of what may stand here ({', '.join(f'{one}*' for one in prefixes)})",
                advise_prefix(parts[0]),
            )
        return self._resolve_dotted(parts, slot)

    def _check_ambiguity(self, name: str, slot: str) -> None:
        """A user's own ``LeNet`` must not lose silently to the built-in one."""
        if self.project is None:
            return
        for path in self.project.find_files(SLOTS[slot].files):
            if name in read_names(path).defined:
                module, _, attribute = self.tables[slot][name].partition(":")
                mine = f"{self.project.module_name(path)}.{name}"
                advice = f"write {mine!r} for yours or '{module}.{attribute}' for the built-in one"
                raise UnresolvedError(f"{name!r} is built in and also defined in {path}", advice)

    def _resolve_in_project(self, name: str, slot: str) -> Callable[..., Any]:
        files = self.project.find_files(SLOTS[slot].files) if self.project is not None else []
        sure = [path for path in files if name in (names := read_names(path)).defined | names.imported]
        unsure = [path for path in files if path not in sure and read_names(path).open]
        for path in [*sure, *unsure]:
            assert self.project is not None, "files come from a project"
            module = self.project.load(self.project.module_name(path))
            if hasattr(module, name) and not name.startswith("_"):
                found = getattr(module, name)
                self._check_local(found, f"{module.__name__}.{name}", slot)
                return check_kind(found, name, slot, may_be_function=True)
        if slot == "loss" and (found := _find_torch_loss(name)) is not None:
            return found
        known = list(self.tables.get(slot, {}))
        near = find_nearest(name, [*known, *(one for path in files for one in read_names(path).defined)])
        looked = f"; looked in {', '.join(str(path) for path in files)}" if files else ""
        advice = f"did you mean {near!r}?" if near else (f"known: {', '.join(known)}" if known else "")
        elsewhere = self.project.find_definers(name) if self.project is not None else []
        if elsewhere:
            advice = f"write {elsewhere[0] + '.' + name!r}"
        raise UnresolvedError(f"there is no {slot.replace('_', ' ')} named {name!r}{looked}", advice)

    def _resolve_local(self, parts: list[str], slot: str) -> Callable[..., Any]:
        assert self.project is not None, "the name belongs to a project"
        for end in range(len(parts) - 1, 0, -1):
            place = self.project.folder.joinpath(*parts[:end])
            if end > 1 and not place.with_suffix(".py").is_file() and not place.is_dir():
                continue
            module = self.project.load(".".join(parts[:end]))
            if end == len(parts) - 1 and hasattr(module, parts[-1]):
                found = getattr(module, parts[-1])
                self._check_local(found, ".".join(parts), slot)
                return check_kind(found, ".".join(parts), slot, may_be_function=True)
            names = [name for name in vars(module) if not name.startswith("_")]
            near = find_nearest(parts[end], names)
            raise UnresolvedError(
                f"{module.__name__} ({_describe_file(module)}) has no class or function {'.'.join(parts[end:])!r}",
                f"did you mean {near!r}?" if near else "",
            )
        raise UnresolvedError(f"{'.'.join(parts)!r} names no module of {self.project.folder}")

    def _check_local(self, found: Any, name: str, slot: str) -> None:
        """What a project only imports is named where it is defined, under the prefixes' rules."""
        assert self.project is not None, "the object comes from a project"
        if (
            SLOTS[slot].kind == "loss"
            and not callable(getattr(found, "__wrapped__", None))
            and is_module_instance(found)
        ):
            return
        home = getattr(found, "__module__", None)
        if not isinstance(home, str) or not self.project.owns(home):
            raise UnresolvedError(
                f"{name!r} is not defined in the project but in {home or 'no module'}",
                f"write '{home}.{getattr(found, '__name__', name)}', or wrap it in a function or class of your own"
                if home and f"{home}.".startswith(SLOTS[slot].prefixes + self.extra)
                else "wrap it in a function or class of your own",
            )

    def _resolve_dotted(self, parts: list[str], slot: str) -> Callable[..., Any]:
        name, place = ".".join(parts), ".".join(parts[:-1])
        prefixes = self.extra + SLOTS[slot].prefixes
        prefix = next(one for one in prefixes if name.startswith(one))
        module = import_longest(parts[:-1], prefix)
        if module.__name__ != place or not hasattr(module, parts[-1]):
            near = find_nearest(parts[-1], [one for one in dir(module) if not one.startswith("_")])
            missing = name.removeprefix(module.__name__ + ".")
            raise UnresolvedError(f"{module.__name__} has no {missing!r}", f"did you mean {near!r}?" if near else "")
        found = getattr(module, parts[-1])
        home = getattr(found, "__module__", None)
        if inspect.ismodule(found) or not isinstance(home, str):
            raise UnresolvedError(f"{name!r} is not a class or function")
        is_kernel = place == "torch.nn.functional" and home in {"torch._C._nn", "torch"}
        if not is_kernel and not f"{home}.".startswith(prefixes):
            raise UnresolvedError(f"{name!r} is only imported there; it is defined in {home}, which may not stand here")
        if prefix.startswith("seedbed.") and f"{place}:{parts[-1]}" not in self.tables.get(slot, {}).values():
            raise UnresolvedError(f"{name!r} is not one of the parts of this slot", "use its short name")
        return check_kind(found, name, slot, self._may_be_function(parts, prefix, slot))

    def _may_be_function(self, parts: list[str], prefix: str, slot: str) -> bool:
        """Functions count only where they are known to make parts; other functions could do anything."""
        if prefix in self.extra or prefix.startswith("seedbed."):
            return True
        if prefix == "timm.":
            import timm

            return parts[-1] == "create_model" or bool(timm.is_model(parts[-1]))
        return prefix == "torchvision.models." or (slot == "loss" and parts[:-1] == ["torch", "nn", "functional"])

    def check(
        self, part: Mapping[str, Any], slot: str, given: Collection[str] = (), also: type | None = None
    ) -> list[Problem]:
        """All mistakes in one ``{type, args}``, nested ones included; keys are relative to it.

        Args:
            part: Mapping with ``type`` and perhaps ``args``.
            slot: Place in the config.
            given: Names of arguments that the program passes itself.
            also: Dataclass whose fields are accepted as arguments too.
        """
        name, args = part.get("type"), part.get("args", {})
        if not isinstance(name, str) or not isinstance(args, dict):
            return []
        try:
            function = self.resolve(name, slot)
        except UnresolvedError as error:
            return [Problem(("type",), error.what, error.advice)]
        except SeedbedError as error:
            return [Problem(("type",), str(error))]
        problems: list[Problem] = []
        nested = []
        for keys, inner, inner_slot in find_nested(args, slot, find_named(function)):
            nested.append(keys[0])
            for problem in self.check(inner, inner_slot):
                # A part given by its bare name has no keys of its own.
                own = problem.keys if inner is _look_up(args, keys) else ()
                problems.append(replace(problem, keys=own).under("args", *keys))
        for prefix, barred in BARRED.items():
            if f"{getattr(function, '__module__', '')}.".startswith(prefix):
                problems += [_bar(("args", one)) for one in barred if args.get(one)]
                if ":" in str(args.get("model_name", "")):
                    problems.append(_bar(("args", "model_name")))
        later = slot in CALLED_LATER and not inspect.isclass(function)
        found = check_arguments(function, args, given, also, [str(one) for one in nested], partial=later)
        return [*(problem.under("args") for problem in found), *problems]

    def instantiate(
        self,
        part: Mapping[str, Any],
        slot: str,
        given: Mapping[str, Any] | None = None,
        also: type | None = None,
    ) -> Any:
        """Build one ``{type, args}``, inner parts first.

        Args:
            part: Mapping with ``type`` and perhaps ``args``.
            slot: Place in the config.
            given: Arguments that the program passes itself.
            also: Dataclass whose fields may stand in ``args``; they are checked but not passed on.

        Raises:
            ConfigError: A name or argument is wrong, or the callable itself raised.
        """
        problems = self.check(part, slot, tuple(given or ()), also)
        if problems:
            lines = [
                f"{slot}.{'.'.join(map(str, one.keys))}: {one.what}{' — ' + one.advice if one.advice else ''}"
                for one in problems
            ]
            raise ConfigError("\n".join(lines))
        function = self.resolve(str(part["type"]), slot)
        args: dict[str, Any] = dict(part.get("args", {}))
        if also is not None:
            own = read_parameters(function) or {}
            args = {name: value for name, value in args.items() if name in own or name not in _fields(also)}
        named = find_named(function)
        args = {name: self.build_nested(name, value, slot, name in named) for name, value in args.items()}
        if slot in CALLED_LATER and not inspect.isclass(function):
            return functools.partial(function, **args) if args else function
        return self.call(function, args, str(part["type"]), slot, given or {})

    def build_nested(self, name: str, value: Any, slot: str, named: bool = False) -> Any:
        """The value of one argument with the parts in it built; a plain value comes back as it is.

        Args:
            name: Name of the argument.
            value: Its value in the config.
            slot: Slot of the part that takes the argument.
            named: Whether a bare text is the name of a part.
        """
        inner = nested_slot(name, value, slot, named)
        if inner:
            return self.instantiate(value if isinstance(value, dict) else {"type": value}, inner)
        if isinstance(value, list):
            return [self.build_nested(name, item, slot, named) for item in value]
        return value

    def call(
        self, function: Callable[..., Any], args: Mapping[str, Any], name: str, slot: str, given: Mapping[str, Any]
    ) -> Any:
        """Call a part's constructor; an exception in it becomes one sentence with the user's file and line.

        Raises:
            ConfigError: The call failed, or a model or optimizer is not what it has to be.
        """
        try:
            result = function(**args, **given)
        except SeedbedError:
            raise
        except Exception as error:
            where = locate_error(error, self.folder.resolve() if self.folder is not None else None)
            raise ConfigError(
                f"{slot} {name!r} cannot be built with {show_value(_shorten(args), 200)}: {where}"
            ) from error
        if slot == "model":
            import torch

            if not isinstance(result, torch.nn.Module):
                raise ConfigError(f"model {name!r} returned {type(result).__name__}, not a torch.nn.Module")
        return result


def _find_torch_loss(name: str) -> Callable[..., Any] | None:
    """A loss of torch by its bare name: ``nll_loss`` or ``CrossEntropyLoss``."""
    if not name.isidentifier() or not name.lower().endswith(("loss", "cross_entropy", "cross_entropy_with_logits")):
        return None
    from torch import nn

    found: Callable[..., Any] | None = getattr(nn.functional, name, None) or getattr(nn, name, None)
    return found if callable(found) and not name.startswith("_") else None


def _import_entry(entry: str) -> Callable[..., Any]:
    module, _, attribute = entry.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def _describe_file(module: ModuleType) -> str:
    return str(getattr(module, "__file__", None) or next(iter(module.__path__), module.__name__))


def _look_up(args: Mapping[str, Any], keys: tuple[str | int, ...]) -> Any:
    value: Any = args
    for key in keys:
        value = value[key]
    return value


def _bar(keys: tuple[str, ...]) -> Problem:
    return Problem(keys, "would read a pickle, which can run code", "start from weights with init.checkpoint")


def _fields(also: type) -> set[str]:
    return {one.name for one in fields(also)}


def _shorten(args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for a message: what came from the config as it is, anything else by its type."""
    plain = (str, int, float, bool, list, dict, type(None))
    return {name: value if isinstance(value, plain) else f"<{type(value).__name__}>" for name, value in args.items()}

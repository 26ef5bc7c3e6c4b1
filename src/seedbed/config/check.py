"""Plain tree → ``Config``: unknown keys, wrong types, did-you-mean; all mistakes at once."""

from __future__ import annotations

import json
import types
from typing import Any, Union, get_args, get_origin

from pydantic import ValidationError

from seedbed.config.schema import Component, Config, Section
from seedbed.config.tree import Keys, Problem, Tree, find_nearest, format_keys, name_kind, raise_problems, show_value

# What people write elsewhere → where it goes here.
ELSEWHERE = {
    "learning_rate": "optimizer.args.lr",
    "lr": "optimizer.args.lr",
    "weight_decay": "optimizer.args.weight_decay",
    "momentum": "optimizer.args.momentum",
    "batch_size": "data.args.batch_size",
    "num_workers": "data.args.num_workers",
    "dataset": "data",
    "datamodule": "data",
    "dataloader": "data",
    "network": "model",
    "net": "model",
    "loss": "objective.args.loss",
    "criterion": "objective.args.loss",
    "metrics": "objective.args.metrics",
    "scheduler": "lr_scheduler",
    "optim": "optimizer",
    "patience": "trainer.early_stop",
    "early_stopping": "trainer.early_stop",
    "max_epochs": "trainer.epochs",
    "num_epochs": "trainer.epochs",
    "n_epochs": "trainer.epochs",
    "max_steps": "trainer.steps",
    "num_steps": "trainer.steps",
    "amp": "trainer.precision",
    "grad_clip": "trainer.clip_norm",
    "gradient_clip_val": "trainer.clip_norm",
    "max_grad_norm": "trainer.clip_norm",
    "accumulate_grad_batches": "trainer.accumulate",
    "gradient_accumulation_steps": "trainer.accumulate",
    "save_period": "checkpoint.every_epochs",
    "random_seed": "seed",
    "logger": "tracking",
    "logging": "tracking",
    "len_epoch": "trainer.steps_per_epoch",
}
LIMITS = {
    "greater_than": ("gt", "must be greater than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}
KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}


def check_tree(tree: Tree) -> Config:
    """The tree as a Config.

    Raises:
        ConfigError: With all mistakes.
    """
    config, problems = validate(tree)
    raise_problems(tree, problems)
    assert config is not None, "a config without problems exists"
    return config


def validate(tree: Tree) -> tuple[Config | None, list[Problem]]:
    """The tree as a Config, or None with all its mistakes."""
    try:
        # Strict JSON mode: a mapping becomes a section, an integer may stand for a float, nothing else is converted.
        return Config.model_validate_json(json.dumps(tree.values), strict=True), []
    except ValidationError as error:
        problems: dict[Keys, list[Problem]] = {}
        for found in error.errors(include_url=False):
            for problem in _translate(dict(found), tree.values):
                problems.setdefault(problem.keys, []).append(problem)
        return None, [problem for group in problems.values() for problem in dict.fromkeys(group)]


def _translate(found: dict[str, Any], values: dict[str, Any]) -> list[Problem]:
    """One error of pydantic in our words; empty if it belongs to a branch of a union that was not meant."""
    annotation: Any = Config
    parent: Any = None
    walked: list[str | int] = []
    for item in found["loc"]:
        branches = _branches(annotation)
        if len(branches) > 1:
            meant = _choose(branches, _look_up(values, tuple(walked)))
            if meant is None:
                return [_wrong_union(tuple(walked), branches, _look_up(values, tuple(walked)))]
            if _tag(meant) != item:
                return []
            annotation = meant
            continue
        parent = branches[0] if branches else None
        annotation = _child(parent, item)
        walked.append(item)
    keys = tuple(walked)
    kind, context, value = found["type"], found.get("ctx", {}), found["input"]
    if kind == "extra_forbidden":
        return [_unknown_key(keys, value, parent)]
    if kind == "missing":
        return [Problem(keys, "is missing", _describe_missing(keys))]
    if kind in LIMITS:
        name, words = LIMITS[kind]
        limit = context[name]
        limit = int(limit) if isinstance(limit, float) and limit.is_integer() else limit
        return [Problem(keys, f"{words} {limit}, is {show_value(value)}")]
    if kind == "literal_error":
        return [_wrong_choice(keys, _branches(annotation), value)]
    if kind == "value_error":
        return _relations(keys, str(context["error"]))
    return [_wrong_type(keys, kind, value, annotation)]


def _branches(annotation: Any) -> list[Any]:
    """The alternatives of a type, null left out."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return [branch for branch in get_args(annotation) if branch is not type(None)]
    return [] if annotation is None else [annotation]


def _child(annotation: Any, key: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        known = annotation.model_fields.get(str(key))
        return known.annotation if known else None
    arguments = get_args(annotation)
    return arguments[-1] if get_origin(annotation) in {list, dict} else None


def _tag(annotation: Any) -> str:
    """The name that pydantic gives to a branch of a union."""
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(get_origin(annotation).__name__) + "[" + ",".join(_tag(one) for one in get_args(annotation)) + "]"


def _choose(branches: list[Any], value: Any) -> Any:
    """Which branch of a union a value was meant for, None if for neither."""
    sections = [branch for branch in branches if isinstance(branch, type) and issubclass(branch, Section)]
    several = [branch for branch in branches if get_origin(branch) is dict]
    if not isinstance(value, dict) or not sections:
        return None
    if several and value and not set(value) & set(sections[0].model_fields):
        return several[0] if all(isinstance(item, dict) for item in value.values()) else sections[0]
    return sections[0]


def _look_up(value: Any, keys: Keys) -> Any:
    for key in keys:
        value = value[key]
    return value


def _wrong_union(keys: Keys, branches: list[Any], value: Any) -> Problem:
    if bool in branches:
        return Problem(keys, f"must be true, false or a mapping, is {_show(value)}", _suggest_bool(value))
    return _wrong_type(keys, "model_type", value, branches[0])


def _show(value: Any) -> str:
    return f"{name_kind(value)} ({show_value(value)})" if value is not None else "null"


def _wrong_choice(keys: Keys, branches: list[Any], value: Any) -> Problem:
    choices = [str(choice) for choice in get_args(branches[0])]
    near = find_nearest(str(value), choices)
    listed = ", ".join(repr(choice) for choice in choices)
    return Problem(keys, f"must be one of {listed}, is {show_value(value)}", f"did you mean {near!r}?" if near else "")


def _wrong_type(keys: Keys, kind: str, value: Any, annotation: Any) -> Problem:
    expected = KINDS.get(kind, "of another kind")
    branches = _branches(annotation)
    section = branches[0] if branches and isinstance(branches[0], type) else None
    advice = ""
    if kind == "model_type" and section is not None and issubclass(section, Section):
        advice = f"write a mapping with the keys {', '.join(section.model_fields)}"
        if issubclass(section, Component) and isinstance(value, str):
            advice = f'write {{"type": {json.dumps(value)}}}'
        elif value is None:
            advice = "leave it out for the defaults"
    elif kind == "bool_type":
        advice = _suggest_bool(value)
    elif kind == "list_type" and isinstance(value, str | int | float | dict):
        advice = f"write [{show_value(value)}]"
    elif kind in {"int_type", "int_from_float", "float_type"}:
        advice = _suggest_number(value, whole=kind != "float_type")
    elif kind == "string_type" and isinstance(value, bool | int | float):
        advice = f'put it in quotes: "{show_value(value)}"'
    return Problem(keys, f"must be {expected}, is {_show(value)}", advice)


def _suggest_number(value: Any, whole: bool) -> str:
    if isinstance(value, float) and whole and value.is_integer():
        return f"write {int(value)}"
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return ""
        if not whole or number.is_integer():
            return "remove the quotes"
    return ""


def _suggest_bool(value: Any) -> str:
    word = str(value).lower()
    if word in {"1", "yes", "on", "true", "y"}:
        return "write true"
    return "write false" if word in {"0", "no", "off", "false", "n", "none"} else ""


def list_fields(section: type[Section] = Config, prefix: str = "") -> list[str]:
    """Paths of all fields below a section, ``trainer.epochs`` and the like."""
    names = []
    for name, known in section.model_fields.items():
        names.append(prefix + name)
        for branch in _branches(known.annotation):
            item = get_args(branch)[-1] if get_origin(branch) in {list, dict} else branch
            if isinstance(item, type) and issubclass(item, Section) and item is branch:
                names += list_fields(item, f"{prefix}{name}.")
    return names


def _unknown_key(keys: Keys, value: Any, section: type[Section]) -> Problem:
    """Says where the key belongs: here under another spelling, one level down, or in another section."""
    key = str(keys[-1])
    parent = format_keys(keys[:-1])
    what = f"unknown key (value {show_value(value)})"
    known = list(section.model_fields)
    if (near := find_nearest(key, known, cutoff=0.75)) is not None:
        return Problem(keys, what, f"did you mean {near!r}?")
    if issubclass(section, Component):
        return Problem(keys, what, f"arguments go one level down: {parent}.args.{key}")
    paths = [path for path in list_fields() if path.rpartition(".")[2] == key]
    paths = [ELSEWHERE[key]] if key in ELSEWHERE else paths
    if paths:
        return Problem(keys, what, f"did you mean {' or '.join(paths[:3])}?")
    if (near := find_nearest(key, known)) is not None:
        return Problem(keys, what, f"did you mean {near!r}?")
    leaves = {path.rpartition(".")[2]: path for path in list_fields()}
    if (near := find_nearest(key, leaves, cutoff=0.8)) is not None:
        return Problem(keys, what, f"did you mean {leaves[near]}?")
    return Problem(keys, what, f"known keys {'here' if parent else 'at the top'}: {', '.join(known)}")


def _describe_missing(keys: Keys) -> str:
    if len(keys) == 1:
        return f'add "{keys[0]}": {{"type": …, "args": {{…}}}}'
    return 'name the part, for example {"type": "AdamW"}' if keys[-1] == "type" else f'add "{keys[-1]}"'


def _relations(keys: Keys, text: str) -> list[Problem]:
    """The lines of a relation error; each begins with the key that it is about."""
    if keys:
        return [Problem(keys, text)]
    problems = []
    for line in text.split("\n"):
        path, _, what = line.partition(" ")
        what, _, advice = what.partition("; ")
        problems.append(Problem(tuple(path.split(".")), what, advice))
    return problems

"""The reference of all config fields (docs/config.md) and the JSON Schema, both made from the schema.

``python -m seedbed.config.reference > docs/config.md`` writes the page.
"""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from seedbed.config.schema import Config, Section
from seedbed.config.tree import show_value

INTRODUCTION = """# Config reference

This page is generated from the schema: `python -m seedbed.config.reference > docs/config.md`.

A config is a JSON, YAML or TOML file, all read into the same values. `seedbed config show FILE` prints each value and
where it came from. `seedbed config schema` prints the JSON Schema for editors. `seedbed config convert FILE` writes a
pytorch-template or Hydra file in this form.

**Overrides.** `key.path=value` on the command line sets one value: `trainer.epochs=5`, `freeze.0.match=["head.*"]`. The
value is read as JSON if it is JSON, else as text. A list item is named by its index; the index after the last one
appends. A key that holds a dot goes in double quotes: `'init.rename."module."='`.

**Parts.** Wherever a table below says *part*, write `{"type": …, "args": {…}}`. `type` is, in this order: a short name
of ours, a name in your project's modules, or a dotted path. Your project is the folder of the config file. A bare name
is looked up in the usual files there (`model.py`, `data.py`, `loss.py`, `metric.py`, …), and `my_module.MyClass` in
any module. Hydra's `{"_target_": "a.b", "x": 1}` means `{"type": "a.b", "args": {"x": 1}}`.

**Dotted paths.** A config is data, not code. A path outside of your project must lead to something that is defined
under a prefix that suits its place, and that is of the right kind: a model comes from `torch.nn.`,
`torchvision.models.` or `timm.` and is a `torch.nn.Module`, an optimizer from `torch.optim.`, a loss from `torch.nn.`.
More prefixes come from `--allow`, from Python, or from your project's `pyproject.toml`, never from a config:

```toml
[tool.seedbed]
allow = ["monai."]
```

**Numbers.** NaN and Infinity are errors. In YAML, `1e-3` is a number, and `off`, `on`, `yes` and `no` are text.
"""


def make_schema() -> dict[str, Any]:
    """JSON Schema of a config."""
    schema = Config.model_json_schema()
    schema["properties"]["$schema"] = {"type": "string", "description": "Where editors find this schema."}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def make_page() -> str:
    """The Markdown page with one table per section."""
    parts = [INTRODUCTION, "## Top level\n\n" + _make_table(Config)]
    done: set[type[Section]] = {Config}
    for name, section in _find_sections(Config, ""):
        if section not in done:
            done.add(section)
            parts.append(f"## `{name}`\n\n{_clean(section.__doc__ or '')}\n\n{_make_table(section)}")
    return "\n".join(parts)


def _find_sections(section: type[Section], prefix: str) -> list[tuple[str, type[Section]]]:
    found = []
    for name, field in section.model_fields.items():
        for inner in _inner_sections(field.annotation):
            path = prefix + name
            found += [(path, inner), *_find_sections(inner, path + ".")]
    return found


def _inner_sections(annotation: Any) -> list[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    inner = [section for one in get_args(annotation) for section in _inner_sections(one)]
    return list(dict.fromkeys(inner))


def _make_table(section: type[Section]) -> str:
    lines = ["| key | value | default | |", "| --- | --- | --- | --- |"]
    for name, field in section.model_fields.items():
        kind = _escape(_describe(field.annotation) + _describe_limits(field))
        lines.append(f"| `{name}` | {kind} | {_describe_default(field)} | {_escape(_clean(field.description or ''))} |")
    return "\n".join(lines) + "\n"


def _clean(text: str) -> str:
    return " ".join(text.split())


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def _describe(annotation: Any) -> str:
    names = {int: "whole number", float: "number", str: "text", bool: "true or false", type(None): "null", Any: "any"}
    if annotation in names:
        return names[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        return " or ".join(_describe(one) for one in arguments)
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if origin is list:
        return f"list of {_describe(arguments[0])}"
    if origin is dict:
        return f"mapping of {_describe(arguments[1])}" if arguments[1] is not Any else "mapping"
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return "part" if "args" in annotation.model_fields else "section"
    return str(annotation)


def _describe_limits(field: FieldInfo) -> str:
    words = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    limits = [
        f"{sign} {getattr(rule, name):g}" if isinstance(getattr(rule, name), float) else f"{sign} {getattr(rule, name)}"
        for rule in field.metadata
        for name, sign in words.items()
        if getattr(rule, name, None) is not None
    ]
    return f", {', '.join(limits)}" if limits else ""


def _describe_default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.default
    if value is PydanticUndefined:
        value = field.get_default(call_default_factory=True)
    if isinstance(value, Section):
        value = value.model_dump(exclude_defaults=True)
    return f"`{show_value(value)}`"


if __name__ == "__main__":
    print(make_page(), end="")

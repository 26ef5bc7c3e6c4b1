"""A command-line option turns every text into True.

## What it does

Finds `add_argument(..., type=bool)` and `type=list`, flags that can never be off, and `bool(os.environ[...])`.

## Why is this bad

`bool("False")` is `True`: only the empty text is false. The option is on whatever is typed.

## Example

```python
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--freeze", type=bool, default=True)
args = parser.parse_args()
```

## Use instead

```python
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--freeze", action=argparse.BooleanOptionalAction, default=True)
args = parser.parse_args()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import options, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for node in q.nodes(p, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        words = {k.arg: k.value for k in node.keywords if k.arg}
        if called == "add_argument" or called.endswith("add_argument"):
            yield from _argument(p, node, words)
        elif called == "bool" and node.args and _from_environment(node.args[0]):
            yield p.report(
                "SB441",
                (node, p.source),
                severity=None if _has_text(node.args[0]) else Severity.HINT,  # else it may ask whether it is set
                title="bool() of an environment variable is True for every non-empty string, also for 'False' and '0'",
                why="bool(text) only asks whether the text is empty",
                fix="Compare the text: os.environ.get(...) in ('1', 'true', 'yes')",
            )


def _argument(p: Program, node: ast.Call, words: dict[str, ast.expr]) -> Iterator[Finding]:
    kind, action = words.get("type"), words.get("action")
    flag = next(
        (str(a.value) if isinstance(a.value, str) else "it" for a in node.args if isinstance(a, ast.Constant)),
        "the option",
    )
    if action is not None and syntax.text(action).endswith("BooleanOptionalAction"):
        return  # it takes no text, so the type is never asked
    if isinstance(kind, ast.Name) and kind.id == "bool":
        yield p.report(
            "SB441",
            (node, p.source),
            f"{flag}: type=bool turns every non-empty string into True: '{flag} False' is always true",
            why="argparse calls bool('False'), and only the empty string is false: the boolean cannot be switched off",
            fix="Use action='store_true' or argparse.BooleanOptionalAction",
            severity=Severity.HINT if options.unread(p, node, words) else None,
        )
    elif isinstance(kind, ast.Name) and kind.id in ("list", "tuple"):
        yield p.report(
            "SB441",
            (node, p.source),
            f"{flag}: type={kind.id} splits the text into its characters: '10,20' becomes ['1', '0', ',', ...]",
            why=f"argparse calls {kind.id}() on the text",
            fix="Use nargs='+' with the type of one item",
        )
    elif isinstance(action, ast.Constant) and action.value in ("store_true", "store_false"):
        default = words.get("default")
        if not isinstance(default, ast.Constant) or _has_opposite(p, node, words):
            return
        if default.value is (action.value == "store_true"):
            yield p.report(
                "SB441",
                (node, p.source),
                f"{flag}: action={action.value!r} with default={default.value}: the boolean is always the same",
                why="with and without the option on the command line the value does not change",
                fix="Remove the default, or use argparse.BooleanOptionalAction",
                severity=Severity.HINT if options.unread(p, node, words) else None,
            )


def _has_opposite(p: Program, node: ast.Call, words: dict[str, ast.expr]) -> bool:
    """Whether another option sets the same value: ``--no-gpu`` with ``dest="gpu"``."""
    names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    long = next((n for n in names if n.startswith("--")), names[0] if names else "")
    own = words.get("dest")
    target = own.value if isinstance(own, ast.Constant) else long.lstrip("-").replace("-", "_")
    for other in q.nodes(p, ast.Call):
        if other is node:
            continue
        dests = [k.value for k in other.keywords if k.arg == "dest"]
        plain = [str(a.value).lstrip("-").replace("-", "_") for a in other.args if isinstance(a, ast.Constant)]
        if any(isinstance(d, ast.Constant) and d.value == target for d in dests):
            return True
        if isinstance(own, ast.Constant) and not dests and target in plain:
            return True
    return False


def _has_text(node: ast.expr) -> bool:
    """Whether the default is a text, as the variable itself is meant to be: ``"0"`` or ``"False"``."""
    default = node.args[1:2] if isinstance(node, ast.Call) else []
    return any(isinstance(d, ast.Constant) and isinstance(d.value, str) and d.value != "" for d in default)


def _from_environment(node: ast.expr) -> bool:
    text = syntax.text(node)
    return text.startswith(("os.environ", "os.getenv", "environ", "getenv"))

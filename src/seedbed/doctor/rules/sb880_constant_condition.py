"""A condition is always true or never true because of the way it is written.

## What it does

Finds `if "a" or "b" in name`, `if x == 1 or 2`, `if i + 1 % n == 0`, `x != 1 or x != 2`, `i % 4 == 4`, a method that
is tested without being called, `assert (test, "text")`, and an interval that the counter never reaches.

## Why is this bad

Python takes it without a word. The branch is taken every time or never: weights stay frozen, no update happens, the
target network is never copied.

## Example

```python
for name, p in model.named_parameters():
    if "lora_" or "head" in name:
        p.requires_grad = True
```

## Use instead

```python
for name, p in model.named_parameters():
    if "lora_" in name or "head" in name:
        p.requires_grad = True
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import Val

_WHY = "Python takes it without a word: what depends on it happens every time, or never"
_DOES = frozenset(["step", "zero_grad", "load_state_dict", "copy_", "lerp_", "mul_", "backward", "save", "update_bn"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    found: list[tuple[Event | Place, str, str]] = [
        *q.in_file(p, "SB880", lambda: list(_written(p))),
        *_counted(p),
        *_uncalled(p),
    ]
    for at, title, fix in found:
        line = at.line if isinstance(at, Event) else getattr(at[0], "lineno", 0)
        if line not in seen:
            seen.add(line)
            yield p.report("SB880", at, title, why=_WHY, fix=fix)


def _written(p: Program) -> Iterator[tuple[Place, str, str]]:
    """Conditions whose text alone decides them."""
    tests = [n.test for n in q.nodes(p, ast.If, ast.While, ast.IfExp, ast.Assert)]
    tests += [t for n in q.nodes(p, ast.comprehension) for t in n.ifs]
    tests += [n.elt for n in _asked(p)]
    for test in tests:
        if isinstance(test, ast.Tuple) and test.elts:
            text = "a tuple that is not empty is always true: the test in it is never made"
            yield (test, p.source), text, "Leave the parentheses out: assert test, text"
        for part in (n for n in syntax.walk(test) if isinstance(n, ast.BoolOp)):
            found = _half(part) or _contradiction(part)
            if found is not None:
                yield (part, p.source), *found
    for part in q.nodes(p, ast.Compare):
        found = _binding(part, p) or _named_type(part)
        if found is not None:
            yield (part, p.source), *found


def _asked(p: Program) -> list[ast.GeneratorExp | ast.ListComp]:
    """Comprehensions whose items ``any`` or ``all`` tests."""
    calls = [n for n in q.nodes(p, ast.Call) if isinstance(n.func, ast.Name) and n.func.id in ("any", "all") and n.args]
    return [n.args[0] for n in calls if isinstance(n.args[0], (ast.GeneratorExp, ast.ListComp))]


def _half(node: ast.BoolOp) -> tuple[str, str] | None:
    """``"a" or "b" in name`` and ``x == 1 or 2``: an operand that is a written word or number."""
    for part in node.values:
        value = part.operand if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not) else part
        if not isinstance(value, ast.Constant) or isinstance(value.value, bool) or not value.value:
            continue
        other = next((v for v in node.values if isinstance(v, ast.Compare) and len(v.ops) == 1), None)
        if other is None or value.value is Ellipsis:
            continue
        kind = "a non-empty string" if isinstance(value.value, str) else "a number that is not zero"
        joint = " or " if isinstance(node.op, ast.Or) else " and "
        said = "never true" if value is not part else "always true"
        if isinstance(node.op, ast.And):
            title = f"{ast.unparse(node)}: {value.value!r} is {kind}, which is {said}, so only the other test counts"
        else:
            title = f"the condition {ast.unparse(node)} is always true: {value.value!r} is {kind}"
            title = title if value is part else f"{ast.unparse(node)}: not {value.value!r} is never true"
        return title, f"Write the test for each one: {joint.join(_each(node, other))}"
    return None


def _each(node: ast.BoolOp, other: ast.Compare) -> list[str]:
    """Every operand with the test of the one that has it."""
    found = []
    for part in node.values:
        if isinstance(part, ast.Compare):
            found.append(ast.unparse(part))
        elif isinstance(other.ops[0], (ast.In, ast.NotIn)):
            found.append(ast.unparse(ast.Compare(part, other.ops, other.comparators)))
        else:
            found.append(ast.unparse(ast.Compare(other.left, other.ops, [part])))
    return found


def _contradiction(node: ast.BoolOp) -> tuple[str, str] | None:
    """``x != 1 or x != 2`` is always true, ``x == 1 and x == 2`` never."""
    wanted: type = ast.NotEq if isinstance(node.op, ast.Or) else ast.Eq
    parts: dict[str, set[object]] = {}
    for part in node.values:
        if not isinstance(part, ast.Compare) or len(part.ops) != 1 or not isinstance(part.ops[0], wanted):
            continue
        value = part.comparators[0]
        if isinstance(value, ast.Constant) and isinstance(value.value, (str, int)):
            if any(isinstance(n, ast.Call) for n in syntax.walk(part.left)):
                continue  # asked twice, it may answer otherwise
            parts.setdefault(syntax.text(part.left), set()).add(value.value)
    if not any(len(values) > 1 for values in parts.values()):
        return None
    text = ast.unparse(node)
    if isinstance(node.op, ast.Or):
        return f"the condition {text} is always true: every value differs from one of them", "Join them with and"
    return f"the condition {text} is never true: no value equals both", "Join them with or"


def _named_type(node: ast.Compare) -> tuple[str, str] | None:
    """``type(m) == "Linear"``: a class compared with a text."""
    sides = [node.left, *node.comparators]
    asked = next((s for s in sides if _is_type(s)), None)
    words = [s for s in sides if s is not asked]
    if asked is None or len(words) != 1 or not isinstance(node.ops[0], (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In)):
        return None
    held = words[0].elts if isinstance(words[0], (ast.Tuple, ast.List, ast.Set)) else words
    if not held or not all(isinstance(h, ast.Constant) and isinstance(h.value, str) for h in held):
        return None
    always = isinstance(node.ops[0], (ast.NotEq, ast.IsNot))
    text = (
        f"{ast.unparse(asked)} is a class and never equal to the text {ast.unparse(held[0])}: the condition is "
        f"{'always' if always else 'never'} true"
    )
    return text, f"Use isinstance(...), or {ast.unparse(asked)}.__name__"


def _is_type(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "__class__"
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type"


def _binding(node: ast.AST, p: Program) -> tuple[str, str] | None:
    """``i + 1 % n == 0`` and ``x > 0 & mask``: an operator that binds tighter than it looks."""
    if not isinstance(node, ast.Compare):
        return None
    left = node.left
    if isinstance(left, ast.BinOp) and isinstance(left.op, (ast.Add, ast.Sub)) and _number(node.comparators[0]):
        rest = left.right
        if not isinstance(rest, ast.BinOp) or not isinstance(rest.op, ast.Mod) or isinstance(left.left, ast.Constant):
            return None
        if _number(rest.left) and _bare(rest, p):
            first, sign = ast.unparse(left.left), "+" if isinstance(left.op, ast.Add) else "-"
            cure = f"({first} {sign} {ast.unparse(rest.left)}) % {ast.unparse(rest.right)}"
            text = (
                f"operator precedence: {ast.unparse(left)} is {first} {sign} ({ast.unparse(rest)}), because % binds "
                "tighter than + and -: the parentheses are missing, so the condition is (almost) never true"
            )
            return text, f"Write {cure} {ast.unparse(node)[len(ast.unparse(left)) :].strip()}"
    for value in node.comparators:
        if not isinstance(value, ast.BinOp) or not isinstance(value.op, (ast.BitAnd, ast.BitOr)):
            continue
        if _bare(value, p) and _number(value.left) and not isinstance(value.right, ast.Constant):
            sign = "&" if isinstance(value.op, ast.BitAnd) else "|"
            text = f"operator precedence: {sign} binds tighter than a comparison: this tests {ast.unparse(value)}"
            return text, f"Put each comparison in parentheses: (a > b) {sign} (c > d)"
    return None


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _bare(node: ast.expr, p: Program) -> bool:
    """Whether no parenthesis stands directly before an expression."""
    line = p.source.line_text(node.lineno).encode()
    return not line[: node.col_offset].decode(errors="ignore").rstrip().endswith("(")


def _counted(p: Program) -> Iterator[tuple[Event, str, str]]:
    """``i % 4 == 4``, and ``step % 100 == 0`` in a loop whose counter ends earlier."""
    runs: dict[int, list[Event]] = {}
    for event in p.all("compare"):
        runs.setdefault(id(event.node), []).append(event)
    for events in runs.values():
        found = [_never(p, e) for e in events]
        if found[0] is not None and all(found):
            yield events[0], *found[0]


def _never(p: Program, event: Event) -> tuple[str, str] | None:
    """What to say where the rest of a division is never what it is compared with."""
    if event.name != "Eq" or len(event.args) != 2 or not isinstance(event.node, ast.Compare):
        return None
    rest, wanted = event.args
    if rest.name != "mod" or len(rest.args) != 2 or type(wanted.const) is not int:
        return None
    count, every = rest.args[0], rest.args[1].const
    if type(every) is not int or every < 1 or count.kind != "number":
        return None
    if every == 1 and wanted.const == 1:
        return None  # "every round" as a setting: another setting makes the test a sensible one
    text = syntax.text(event.node)
    if not 0 <= wanted.const < every:
        return f"{text} is never true: the rest of a division by {every} is below {every}", "Mend the number"
    reach = _reach(count)
    if reach is None or len(reach) > 100_000 or not _does(p, event) or any(i % every == wanted.const for i in reach):
        return None
    return (
        f"{text} is never true: the counter starts again in every round and only runs from {reach[0]} to "
        f"{reach[-1]}, shorter than the interval {every}, so what depends on it is never done",
        "Count over the whole run, or choose an interval that the loop reaches",
    )


def _reach(val: Val) -> range | None:
    """The numbers that a counter takes: ``range(...)`` with known ends, plus a constant."""
    if val.name in ("add", "sub") and len(val.args) == 2 and type(val.args[1].const) is int:
        inner = _reach(val.args[0])
        by = val.args[1].const if val.name == "add" else -val.args[1].const
        return range(inner.start + by, inner.stop + by, inner.step) if inner else None
    if val.name != "int" or len(val.args) != 1 or val.args[0].name != "range":
        return None
    ends = [a.const for a in val.args[0].args]
    if not 1 <= len(ends) <= 3 or any(type(e) is not int for e in ends) or (len(ends) == 3 and ends[2] == 0):
        return None
    return range(*ends) or None


def _does(p: Program, event: Event) -> bool:
    """Whether the branch does more than to print: an update, a copy, a checkpoint."""
    branch = next((n for n in q.nodes(p, ast.If) if event.node in syntax.walk(n.test)), None)
    if branch is None or branch.orelse or not isinstance(branch.test, ast.Compare):
        return False
    called = {
        n.func.attr if isinstance(n.func, ast.Attribute) else getattr(n.func, "id", "")
        for b in branch.body
        for n in syntax.walk(b)
        if isinstance(n, ast.Call)
    }
    bodies = [f.node for f in p.functions if f.name in called]
    calls = [n.func for b in bodies for n in syntax.walk(b) if isinstance(n, ast.Call)]
    return bool((called | {f.attr for f in calls if isinstance(f, ast.Attribute)}) & _DOES)


def _uncalled(p: Program) -> Iterator[tuple[Event, str, str]]:
    """``if stopper.should_stop:`` where that is a method: an object, and so always true."""
    for event in p.once("tested"):
        text = syntax.text(event.node)
        title = f"{text} is not called: a method is always true (the parentheses are missing)"
        yield event, title, f"Call it: {text}()"

"""Which way a score is better, and which way the program thinks it is: flags, helpers and callbacks of libraries."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax, told_order, training
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import Val

UP = frozenset(["acc", "accuracy", "f1", "auc", "auroc", "iou", "miou", "dice", "r2", "precision", "recall", "bleu"])
DOWN = frozenset(["loss", "error", "err", "mse", "mae", "rmse", "mape", "ppl", "perplexity", "nll", "wer", "cer"])
_ORDERED = (ast.Lt, ast.Gt, ast.LtE, ast.GtE)


@dataclass(frozen=True)
class Wrong:
    """A score that is kept in the wrong direction: where that was decided, and why it is wrong."""

    at: Event | Val | Place
    problem: str
    seen: tuple[str, int, str]


def flagged(p: Program) -> Iterator[Wrong]:
    """Comparisons that go into a flag, or stand in a helper that says whether a score is better."""
    seen: set[int] = set()
    for event in p.all("compare"):
        node = event.node
        if id(node) in seen or not isinstance(node, ast.Compare) or len(node.ops) != 1 or len(event.args) < 2:
            continue
        if not isinstance(node.ops[0], _ORDERED) or event.src is not p.source:
            continue
        sides = [syntax.text(node.left), syntax.text(node.comparators[0])]
        for number, best in ((1, sides[1]), (0, sides[0])):
            if not _kept_by_flag(p, node, best, sides[1 - number], event):
                continue
            meant = _meant(event.args[1 - number])
            rises = isinstance(node.ops[0], (ast.Gt, ast.GtE)) is (number == 1)
            if meant and (meant == "up") is not rises:
                seen.add(id(node))
                better = "higher" if meant == "up" else "lower"
                yield Wrong(
                    decided(p, event),
                    f"{sides[1 - number]} is better when it is {better} (it is "
                    f"{'a score like accuracy' if meant == 'up' else 'a loss'}), but {best} is replaced when it is "
                    f"{'lower' if better == 'higher' else 'higher'}: mode is "
                    f"{'max' if rises else 'min'}",
                    (str(event.src.path), event.line, "the comparison"),
                )
                break


def told(p: Program) -> Iterator[Wrong]:
    """The same where a function that was handed over compares: ``operator.gt if mode == "max" else operator.lt``."""
    seen: set[int] = set()
    for one in told_order.told(p):
        meant = _meant(one.score)
        if not meant or (meant == "up") is one.rises or id(one.event.node) in seen or one.event.src is not p.source:
            continue
        seen.add(id(one.event.node))
        score, best = one.names
        yield Wrong(
            decided(p, one.event),
            f"{score} is better when it is {'higher' if meant == 'up' else 'lower'} (it is "
            f"{'a score like accuracy' if meant == 'up' else 'a loss'}), but {best} is replaced when it is "
            f"{'higher' if one.rises else 'lower'}: mode is {'max' if one.rises else 'min'}",
            (str(one.event.src.path), one.event.line, "the comparison"),
        )


def _meant(score: Val) -> str:
    """``up`` or ``down`` as the value of a score or its name says, ``""`` where both say nothing."""
    found = signed(score)
    if found:
        return "up" if found == "acc" else "down"
    return ""


def signed(score: Val) -> str:
    """``training.meaning`` of a score whose sign was turned on the way: ``-loss`` is better when it is higher."""
    turned = False
    for _ in range(6):
        numbers = [a for a in score.args if isinstance(a.const, int | float)] if len(score.args) == 2 else []
        if score.name == "neg" and len(score.args) == 1:
            score, turned = score.args[0], not turned
        elif score.name == "mul" and len(numbers) == 1 and numbers[0].const:
            turned ^= numbers[0].const < 0
            score = score.args[score.args[0] is numbers[0]]
        elif score.name == "sub" and score.args[:1] == tuple(numbers):
            score, turned = score.args[1], not turned
        else:
            break
    found = training.meaning(score)
    return {"acc": "loss", "loss": "acc"}.get(found, "") if turned else found


def _kept_by_flag(p: Program, node: ast.Compare, best: str, score: str, event: Event) -> bool:
    """Whether ``best = score`` stands in a branch that this comparison opens through a flag or a helper's result."""
    names = q.in_file(p, "flags", lambda: _flags(p)).get(id(node), set())
    helper = event.funcs[-1].name if event.funcs and _returned(event, node, names) else ""
    for branch in q.nodes(p, ast.If) if names or helper else ():
        test = branch.test
        by_flag = syntax.text(test) in names
        by_call = bool(helper) and isinstance(test, ast.Call) and syntax.text(test.func).rsplit(".", 1)[-1] == helper
        if not by_flag and not by_call:
            continue
        stored = _stored(branch.body)
        if best in stored and (stored[best] == score or by_call):
            return True
    return False


_TESTS = (ast.Compare, ast.IfExp, ast.BoolOp)


def _flags(p: Program) -> dict[int, set[str]]:
    """By id of a comparison: the names that it goes into."""
    found: dict[int, set[str]] = {}
    for node in q.nodes(p, ast.Assign):
        for part in _joined(node.value) if isinstance(node.value, _TESTS) else ():
            found.setdefault(id(part), set()).update(syntax.text(t) for t in node.targets)
    return found


def _joined(value: ast.expr) -> list[ast.expr]:
    """A value and what it chooses from or joins."""
    parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else []
    if isinstance(value, ast.BoolOp):
        parts = value.values
    return [value, *(one for part in parts for one in _joined(part))]


def _returned(event: Event, node: ast.AST, names: set[str]) -> bool:
    """Whether the function around the comparison returns it."""
    inner = event.funcs[-1].node
    returns = [r.value for r in syntax.below(inner, ast.Return) if r.value is not None]
    return any(syntax.text(value) in names or any(v is node for v in _joined(value)) for value in returns)


def _stored(body: list[ast.stmt]) -> dict[str, str]:
    found: dict[str, str] = {}
    for stmt in body:
        for target in stmt.targets if isinstance(stmt, ast.Assign) else ():
            if isinstance(target, ast.Tuple) and isinstance(stmt.value, ast.Tuple):  # type: ignore[attr-defined]
                pairs = zip(target.elts, stmt.value.elts, strict=False)  # type: ignore[attr-defined]
                found |= {syntax.text(t): syntax.text(v) for t, v in pairs}
            else:
                found[syntax.text(target)] = syntax.text(stmt.value)  # type: ignore[attr-defined]
    return found


def decided(p: Program, event: Event) -> Event | Val | Place:
    """Where the object that compares is made, or its mode is written, when its class leaves the direction open."""
    owner = _class_around(p, event)
    if owner is not None and any(isinstance(n, ast.Constant) and n.value in ("min", "max") for n in syntax.walk(owner)):
        made = [e for e in p.all("make") if e.name == owner.name]
        told = [v for e in made for v in (*e.args, *e.kwargs.values()) if v.const in ("min", "max") and v.line]
        if len(made) == 1 and len(told) == 1 and told[0].src is p.source:
            return told[0]
        for call in q.nodes(p, ast.Call):
            if isinstance(call.func, ast.Name) and call.func.id == owner.name:
                return call, p.source
    return event


def _class_around(p: Program, event: Event) -> ast.ClassDef | None:
    for owner in q.nodes(p, ast.ClassDef):
        if owner.lineno <= event.line <= (owner.end_lineno or 0):
            found: ast.ClassDef = owner
            return found
    return None


def callbacks(p: Program) -> Iterator[Wrong]:
    """Callbacks of libraries that are told what to watch, and in which direction."""
    for event in p.first_calls("EarlyStopping", "ModelCheckpoint", "TrainingArguments", "Seq2SeqTrainingArguments"):
        roots = set(event.name.split("."))
        watched = event.kwargs.get("metric_for_best_model", event.kwargs.get("monitor"))
        if watched is None and event.args and event.name.endswith("EarlyStopping"):
            watched = event.args[0]
        name = watched.const if watched is not None and isinstance(watched.const, str) else ""
        found = set(words(name.replace("/", "_").replace(".", "_")))
        if bool(found & UP) is bool(found & DOWN):
            continue
        direction = _direction(event, roots)
        if direction and (direction == "max") is not bool(found & UP):
            better = "higher" if found & UP else "lower"
            yield Wrong(
                event,
                f"{event.name.rsplit('.', 1)[-1]} watches {name!r}, which is better when it is {better}, "
                f"but its mode is {direction!r}",
                ("", event.line, ""),
            )


def _direction(event: Event, roots: set[str]) -> str:
    """``min`` or ``max`` as given, or as the library's default is; ``""`` where that is not known."""
    mode = event.kwargs.get("mode")
    if mode is not None:
        return str(mode.const) if mode.const in ("min", "max") else ""
    for key in ("greater_is_better", "lower_is_better"):
        if key in event.kwargs:
            given = event.kwargs[key].const
            return "" if not isinstance(given, bool) else "max" if given is (key[0] == "g") else "min"
    if event.kwargs.get("save_top_k") is not None and event.kwargs["save_top_k"].const in (0, -1):
        return ""
    by_default = roots & {"lightning", "pytorch_lightning"} or (
        "skorch" in roots and event.name.endswith("EarlyStopping")
    )
    return "min" if by_default and "**" not in event.kwargs else ""

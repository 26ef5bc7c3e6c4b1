"""Weights that are written outside an optimizer, and copies that nothing brings up to date."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Iterator

import torch

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.copies import Average
from seedbed.doctor.observe.site import Site, parse_file
from seedbed.doctor.observe.source import call_name, find_calls
from seedbed.doctor.probes.view import Run, number, report

LONG = 60
_WRITES = re.compile(r"\.data\b\s*(\.\w+_\(|\[|[-+*/]=|=[^=])|\.data\.\w+_\(|_foreach_\w+_\(")
_COPY = re.compile(r"([A-Za-z_]\w*)\s*(?::[^=;]+)?=\s*(?:\w+\.)?deepcopy\(")


def probe(run: Run) -> Iterator[Finding]:
    """Report parameters changed through a NumPy array, and target networks whose update never runs."""
    yield from _written(run)
    yield from _never_synced(run)


def _written(run: Run) -> Iterator[Finding]:
    for note in run.record.noted("written-export"):
        if note.site is None or len(note.steps) < 2:
            continue
        if any(_WRITES.search(text) for text in linecache.getlines(note.site.file)):
            continue  # something else may write to the weights too
        yield report(
            "SB197",
            "the weights of the model are changed outside the optimizer: the array of .numpy() shares memory with the "
            f"parameter (detach() and cpu() do not copy either), and it was changed in place between two steps, by "
            f"{number(100 * note.first['change'])} % of its size", note.site,
            "Write to a copy: p.detach().cpu().numpy().copy(), or w = w - w.mean() instead of w -= w.mean().",
            change=note.first["change"], times=len(note.steps),
        )  # fmt: skip
        return


def _never_synced(run: Run) -> Iterator[Finding]:
    if not run.record.finished:
        return
    for average in run.recorder.copies.averages:
        module, source = average.module(), average.source()
        if module is None or source is None or average.moved or average.copied or module in run.recorder.copies.loaded:
            continue
        used = [f for f in run.record.forwards if _is(run, f.root, module)]
        steps = max((o.steps for o in run.stepped if _holds(o.params, source)), default=0)
        place = _update_line(average)
        if place is None or steps < LONG or len(used) < 0.5 * min(steps, 100) or any(f.reached for f in used):
            continue
        if not _apart(module, source) or any(_holds(o.params, module) for o in run.stepped):
            continue
        yield report(
            "SB855",
            f"the target network is never synchronised: {steps} optimizer steps changed the network, its copy is used "
            "in them and still has the initial weights, because the line that copies the weights is never reached "
            "(a counter that starts again, a condition that is never true)", place,
            "Count all steps of the training, and copy the weights every few hundred of them.", steps=steps,
        )  # fmt: skip
        return


def _is(run: Run, key: int, module: object) -> bool:
    root = run.record.roots.get(key)
    return root is not None and root.module is module


def _holds(params: list[torch.Tensor], module: torch.nn.Module) -> bool:
    own = {id(p) for p in module.parameters()}
    return any(id(p) in own for p in params)


def _apart(one: torch.nn.Module, two: torch.nn.Module) -> bool:
    """Say whether the copy differs from the network that it was copied from."""
    pairs = zip(one.parameters(), two.parameters(), strict=False)
    return any(a.shape == b.shape and not torch.equal(a, b) for a, b in pairs)


def _update_line(average: Average) -> Site | None:
    """Return the line of the script that would bring the copy up to date, found by the copy's name."""
    if average.site is None:
        return None
    named = _COPY.search(average.site.text)
    if named is None:
        return None
    name = re.escape(named[1])
    for line, text in enumerate(linecache.getlines(average.site.file), 1):
        if line != average.site.line and re.search(rf"\b{name}\.load_state_dict\(\s*[\w.\[\]]+\.state_dict\(", text):
            return _condition(Site(average.site.file, line))
    return _mixing(average.site.file, named[1])


def _mixing(file: str, name: str) -> Site | None:
    """Return the loop over two networks' parameters that moves those of the copy ``name``, or means to."""
    tree = parse_file(file)
    for loop in ast.walk(tree) if tree is not None else ():
        if not isinstance(loop, ast.For) or call_name(loop.iter) != "zip" or not isinstance(loop.target, ast.Tuple):
            continue
        for variable, part in zip(loop.target.elts, loop.iter.args, strict=False):  # type: ignore[attr-defined]
            if not re.search(rf"\b{re.escape(name)}\.(parameters|named_parameters|state_dict)\(", ast.unparse(part)):
                continue
            own = re.escape(ast.unparse(variable))
            moves = rf"^\s*{own}(\.data)?(\.(copy|mul|lerp|add|div|sub)_\(|\s*[-+*/]?=[^=])"
            if any(re.search(moves, ast.unparse(line)) for line in loop.body):
                return _condition(Site(file, loop.lineno))
    return None


def _condition(place: Site) -> Site:
    """Return the ``if`` that decides whether a line is reached, looked for where its function is called too."""
    tree = parse_file(place.file)
    if tree is None:
        return place
    line, tests = place.line, [n for n in ast.walk(tree) if isinstance(n, ast.If)]
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    for _ in range(3):
        around = [n for n in tests if n.lineno <= line <= (n.end_lineno or 0)]
        if around:
            return Site(place.file, max(n.lineno for n in around))
        inside = [n for n in functions if n.lineno <= line <= (n.end_lineno or 0)]
        calls = find_calls(place.file, (inside[-1].name,)) if inside else []
        if not calls:
            return place
        line = calls[-1]
    return place

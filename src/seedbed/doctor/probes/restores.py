"""Weights that are put back at the end: those of the worst evaluation, into an object that nobody uses, or not all."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator

import torch
from torch import Tensor

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import ForwardFact, RootFact
from seedbed.doctor.observe.restores import Load, digest_of, plain_tensors
from seedbed.doctor.observe.site import Site, enclosing_loops, parse_file
from seedbed.doctor.observe.source import call_name, find_calls
from seedbed.doctor.probes.view import Run, number, report

ENOUGH = 4
_BEST = re.compile(r"[<>]=?\s*(self\.|\w+\.)?best|best\w*\s*[<>]")


def probe(run: Run) -> Iterator[Finding]:
    """Report restored weights that scored worst, restored models that are never called, and state not saved."""
    if not run.record.finished:
        return
    ends = [load for load in run.recorder.timeline.loads if not _trains_on(run, load)]
    if len({load.digest for load in ends}) == 1:
        yield from list(_worst(run, ends[-1])) or _selected_on_test(run, ends[-1])
    for load in ends:
        if load.fresh and load.step >= 10:
            found = list(_unused(run, load)) or list(_lost(run, load))
            yield from found
            if found:
                return


def _trains_on(run: Run, load: Load) -> bool:
    """Say whether an optimizer steps a module's weights after they were loaded."""
    own = {id(p) for p in load.module.parameters()}
    return any(o.last_step > load.step and any(id(p) in own for p in o.params) for o in run.stepped)


def _series(run: Run) -> Iterator[tuple[str, dict[int, float], bool]]:
    """Yield what was measured at one line without gradients: values by step, and whether more is better."""
    for counts in run.recorder.timeline.scores.values():
        sizes = [size for _, size in counts.values()]
        usual = max(set(sizes), key=sizes.count)
        yield "accuracy", {step: hits / size for step, (hits, size) in counts.items() if size == usual}, True
    losses: dict[Site | None, dict[int, list[float]]] = {}
    for call in run.record.losses:
        if not call.training and call.value is not None and call.site is not None:
            losses.setdefault(call.site, {}).setdefault(call.step, []).append(call.value)
    for values in losses.values():
        yield "loss", {step: sum(v) / len(v) for step, v in values.items()}, False


def _worst(run: Run, load: Load) -> Iterator[Finding]:
    step = run.recorder.timeline.weights.get(load.digest, 0)
    if not step or step >= load.step:
        return
    shown: tuple[str, float, float, int] | None = None
    for name, values, more in _series(run):
        seen = {k: v if more else -v for k, v in values.items() if 0 < k <= load.step}
        if step not in seen or len(seen) < ENOUGH:
            continue
        own, ranked = seen[step], sorted(seen.values())
        if own > ranked[len(ranked) // 4]:
            return  # by this measure they were not bad
        best, middle = ranked[-1], ranked[len(ranked) // 2]
        far = best - own > 0.1 and middle - own > 0.05 if more else -own > 1.3 * -middle and -own > 1.5 * -best
        if own <= ranked[0] and far:
            shown = name, abs(own), abs(best), len(seen)
    if shown is None:
        return
    name, own, best, times = shown
    yield report(
        "SB310",
        f"the worst weights are restored as the best: of {times} evaluations those of step {step} had {name} "
        f"{number(own)} (the best had {number(best)}), so the best score is kept in the wrong direction (min for max: "
        "a mode or comparison that does not fit the metric)", _keeper(load.site),
        "Keep the higher score (mode='max', value > best) for an accuracy, the lower one for a loss.",
        restored=own, best=best, step=step,
    )  # fmt: skip


def _selected_on_test(run: Run, load: Load) -> Iterator[Finding]:
    """One loader of a test set is evaluated in every epoch and at the end; another set is never read."""
    chosen = run.recorder.timeline.weights.get(load.digest, 0)
    spare = [f for f in run.record.loaders.values() if not f.epochs and f.samples >= 8]
    if not chosen or not spare:
        return
    for key in {f.loader for f in run.evaluations if f.loader and f.number > load.forward}:
        loader = run.record.loaders[key]
        before = [f for f in run.evaluations if f.loader == key and f.number <= load.forward]
        if len({f.step for f in before}) < 3 or not any("test" in name.lower() for name in loader.names):
            continue
        if any(f.samples == loader.samples and f.loader.dataset is loader.loader.dataset for f in spare):
            continue
        yield report(
            "SB311",
            f"the best weights are chosen on the test set: the same loader of {loader.samples} samples is evaluated "
            f"after every epoch, decides which weights are kept, and is the final test; a loader with "
            f"{spare[0].samples} other samples (validation) is never read", _phases(before[0].site),
            "Choose the best epoch by the validation set, and look at the test set once, at the end.",
            samples=loader.samples,
        )  # fmt: skip
        return


def _phases(site: Site | None) -> Site | None:
    """Return the loop over the names of the parts around a line, or the line itself."""
    for loop in enclosing_loops(site) if site is not None else ():
        names = loop.iter.elts if isinstance(loop, ast.For) and isinstance(loop.iter, ast.List | ast.Tuple) else []
        if site is not None and any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in names):
            return Site(site.file, loop.lineno)
    return site


def _keeper(site: Site | None) -> Site | None:
    """Return the line that chooses the direction: an early stopping that is built, or a comparison with the best."""
    tree = parse_file(site.file) if site is not None else None
    if site is None or tree is None:
        return site
    built = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ("stop" in (name := call_name(node).lower()) or "checkpoint" in name)
        if call_name(node)[:1].isupper()
    ]
    if len(built) == 1:
        return Site(site.file, built[0])
    tests = [n.test.lineno for n in ast.walk(tree) if isinstance(n, ast.If) and _BEST.search(ast.unparse(n.test))]
    return Site(site.file, tests[0]) if tests else site


def _root_of(run: Run, load: Load) -> RootFact | None:
    return next((root for root in run.record.roots.values() if root.module is load.module), None)


def _rivals(run: Run, load: Load) -> list[RootFact]:
    """Return the trained modules of the same class that the loaded one stands for."""
    roots = [run.record.roots[key] for key in run.trained_roots]
    return [r for r in roots if type(r.module) is type(load.module) and r.module is not load.module]


def _called(run: Run, load: Load) -> bool:
    """Say whether a module, a part of it, or something around it was called after it was loaded."""
    parts = {id(m) for m in load.module.modules()}
    keys = {k for k, r in run.record.roots.items() if id(r.module) in parts or id(load.module) in r.members}
    return any(f.root in keys and f.number > load.forward for f in run.record.forwards)


def _unused(run: Run, load: Load) -> Iterator[Finding]:
    if load.read or _called(run, load) or type(load.module).__module__.startswith("torch."):
        return
    for rival in _rivals(run, load):
        later = [f for f in run.record.forwards if f.root == rival.key and f.number > load.forward]
        if not later or any(f.grad and f.training for f in later) or digest_of(rival.module) == load.digest:
            continue
        if run.recorder.timeline.weights.get(load.digest) is None:
            continue
        yield report(
            "SB354",
            f"the reloaded weights are never used: the {type(load.module).__name__} that got them here "
            f"{'' if load.site is None else f'(line {load.site.line}) '}is never called, and {rival.name} with the "
            "weights of the last step is evaluated instead", _outer(later[0]),
            "Evaluate the model that the best weights were loaded into.", passes=len(later),
        )  # fmt: skip
        return


def _outer(fact: ForwardFact) -> Site | None:
    """Return the last call of the function in which a pass runs: which model it gets is said there."""
    site = fact.site
    if site is None or site.function == "<module>":
        return site
    lines = find_calls(site.file, (site.function,))
    return Site(site.file, lines[-1]) if lines else site


def _lost(run: Run, load: Load) -> Iterator[Finding]:
    """What the trained model keeps in plain tensors is at its default after the load, and the output is another one."""
    root = _root_of(run, load)
    if root is None or load.digest not in run.recorder.timeline.weights:
        return
    given = next((f for f, _ in run.recorder.pairs.given if f.root == root.key and f.number > load.forward), None)
    for rival in _rivals(run, load):
        theirs, mine = dict(plain_tensors(rival.module)), dict(plain_tensors(load.module))
        lost = {
            name: theirs[name]
            for name, value in mine.items()
            if load.plain.get(name) == id(value) and name in theirs and bool((value == value.flatten()[0]).all())
            if value.shape == theirs[name].shape and not torch.equal(value, theirs[name])
        }
        lost |= {name: value for name, value in theirs.items() if name not in mine and name not in load.plain}
        if not lost or given is None or given.flat is None:
            continue
        if not _matters(load, lost, given.flat.reshape(given.pointer[1:])):
            continue
        first = next(iter(lost))
        owner, _, name = first.rpartition(".")
        part = load.module.get_submodule(owner)
        place = _assigned(run, type(part).__name__, name) or load.site
        yield report(
            "SB538",
            f"{type(part).__name__}.{name} is a plain tensor, no registered buffer: state_dict() does not save it, so "
            f"the reloaded {type(load.module).__name__} has its initial values and gives other outputs than the model "
            "that was trained", place, f"Write self.register_buffer({name!r}, ...), and assign to it afterwards.",
            where=", ".join(lost),
        )  # fmt: skip
        return


def _matters(load: Load, lost: dict[str, Tensor], given: Tensor) -> bool:
    """Say whether a copy of the loaded module answers differently once it has the plain tensors too."""
    model = copy.deepcopy(load.module).eval()
    with torch.no_grad():
        before = model(given)
        for name, value in lost.items():
            owner, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(owner), attribute, value)
        after = model(given)
    if not isinstance(before, Tensor) or not isinstance(after, Tensor) or before.shape != after.shape:
        return False
    return float((before - after).abs().max()) > 1e-3 * float(after.abs().mean() + 1e-12)


def _assigned(run: Run, owner: str, name: str) -> Site | None:
    """Return the first line of a class that sets an attribute."""
    for optimizer in run.stepped:
        tree = parse_file(optimizer.site.file) if optimizer.site is not None else None
        for node in ast.walk(tree) if tree is not None else ():
            if not isinstance(node, ast.ClassDef) or node.name != owner:
                continue
            for part in ast.walk(node):
                targets = part.targets if isinstance(part, ast.Assign) else []
                if any(isinstance(t, ast.Attribute) and t.attr == name for t in targets):
                    return Site(optimizer.site.file, part.lineno)  # type: ignore[union-attr, attr-defined]
    return None

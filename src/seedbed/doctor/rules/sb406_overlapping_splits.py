"""Training and evaluation data share samples.

## What it does

Finds training and evaluation data that share samples.

## Why is this bad

The model is measured on what it was trained on.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.randn(100, 4), torch.zeros(100).long())
train_loader = DataLoader(data, batch_size=10, shuffle=True)
val_loader = DataLoader(data, batch_size=10)
for x, y in train_loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset, random_split
data = TensorDataset(torch.randn(100, 4), torch.zeros(100).long())
train_set, val_set = random_split(data, [80, 20])
train_loader = DataLoader(train_set, batch_size=10, shuffle=True)
val_loader = DataLoader(val_set, batch_size=10)
for x, y in train_loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import overlaps, redraws, rounds, sharing, sources, training
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    trained_on = [loader for loader, _ in d.training_loaders(p)]
    seen: set[int] = set()
    others = [
        (e.result, e.funcs[-1].name if e.funcs else "")
        for e in p.makers("loader")
        if e.result is not None and e.result.kind == "loader" and e.recv is None and e.result.node is e.node
    ]
    for loader, maker in others:
        if any(loader is t for t in trained_on) or id(loader.node) in seen or not loader.args:
            continue
        named = (split_of(loader.var) or ("" if "train" in maker else split_of(maker))) in ("val", "test")
        if not named or "train" in words(loader.var):
            continue  # the training score, measured in evaluation mode
        for trained in trained_on:
            if not trained.args or trained.node is loader.node:
                continue
            if all(x.arg(4, "sampler") or x.kwargs.get("batch_sampler") for x in (trained, loader)):
                continue  # they pick rows: see below
            overlap = overlaps.overlap(trained.args[0], loader.args[0])
            if overlap:
                seen.add(id(loader.node))
                yield _finding(p, loader, overlap, trained)
                break
    yield from _evaluated_slices(p, seen)
    yield from _redrawn(p)
    yield from _resumed(p)
    yield from _permutation_parts(p)
    yield from _followed(p, seen)
    yield from _whole_of_part(p)


def _whole_of_part(p: Program) -> Iterator[Finding]:
    """``train_part.dataset.tensors`` is trained on: that is the whole data set, not the part of the split."""
    for part in p.once("whole"):
        if part.name != "random_split":
            continue
        learned = [e for e in training.forwards(p) if e.grad and e.args and training.updates(p, e.result)]
        if any(v is part.recv for e in learned for v in ancestors(e.args[0], limit=80)):
            continue  # the part is trained on too: a last training on all rows
        for event in learned:
            if _all_rows(event.args[0], part, event):
                yield p.report(
                    "SB406",
                    part,
                    "the training uses part.dataset, which is the whole data set and not the part of the split: "
                    "the held-out rows are trained on as well (a leak)",
                    why=".dataset of a part gives the full dataset it was cut from, all rows of it",
                    fix="Take the rows of the part: part.dataset[part.indices], or read the part itself",
                    related=((str(event.src.path), event.line, "trained on here"),),
                )
                break


def _all_rows(x: Val, part: Event, event: Event) -> bool:
    """Whether an input is ``part.dataset.tensors``, whole or in batches that run over all its rows."""
    keys: list[Val] = []
    for _ in range(12):
        if isinstance(x.node, ast.Attribute) and x.node.value is part.node:
            over = [r.over for r in event.loops if r.over is not None]
            return x.name in ("tensors", "data") and all(_runs_over(k, over, x) for k in keys)
        if x.kind == "phi" or not x.args or (x.name not in TRANSPARENT and x.name not in ("part", "getitem")):
            return False
        if x.name == "getitem" and len(x.args) > 1 and not (x.args[0].name == "tensors" and x.args[1].kind == "const"):
            keys.append(x.args[1])
        x = x.args[0]
    return False


def _runs_over(key: Val, over: list[Val], table: Val) -> bool:
    """Whether a key is made from an order or a range that is as long as the whole table."""
    made = list(ancestors(key, limit=60))
    if any(v.name == "indices" for v in made):
        return False
    orders = [v for v in made if v.name == "randperm"]
    orders += [r for r in over if r.name == "range"] if key.kind == "slice" else []
    bounds = [a.args[0] if a.name == "getitem" and a.args else a for order in orders for a in order.args]
    whole = [b for b in bounds if b.name in ("len", "size", "shape")]  # not a share of the length
    return any(a is table or a.node is table.node for b in whole for a in ancestors(b, limit=20))


def _evaluated_slices(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Slices of one table that are trained on and measured, with rows in common."""
    learned = [e for e in training.forwards(p) if e.grad and e.loops and e.args and training.updates(p, e.result)]
    learned = [e for e in learned if e.recv is None or not training.unmoved(p, [e.recv])]
    found: dict[int, list[tuple[Event, str, Event | None]]] = {}
    cuts: dict[int, Cuts] = {}
    for event in training.evaluations(p) if p.complete else ():
        if id(event.node) in seen or not event.args:
            continue
        if _tried(p, event):
            continue
        cut = _cut(event, cuts)
        why = next(
            ((o, b) for b in learned if cut and _one_run(event, b) and (o := _common_rows(event, b, cuts))), None
        )
        found.setdefault(id(event.node), []).append((event, why[0] if why else "", why[1] if why else None))
    apart_too = any(back is None for all_of in found.values() for _, _, back in all_of)
    for node, all_of in found.items():
        apart = next((o for o in all_of if o[2] is not None and _cut_apart(o[0], o[2]) and not o[0].grad), None)
        if apart is not None:
            seen.add(node)
            yield _finding(p, _slice(apart[0]) or apart[0], apart[1], _slice(apart[2] or apart[0]) or apart[0])
        elif all(back is not None for _, _, back in all_of):  # else the training score is printed beside the other
            pairs = [(e, back) for e, _, back in all_of if back is not None]
            same = all(_very_same(e, back) and not _told_held_out(e) for e, back in pairs)
            beside = all(e.loop is not None and back.inside(e.loop) for e, back in pairs)  # the batch that trains
            if same and (apart_too or beside or not _other_part(p, all_of[0][0])):
                continue  # the training score, beside that of other rows or where there are none
            seen.add(node)
            event, overlap, back = all_of[0]
            yield _finding(p, event, overlap, back or event)


def _tried(p: Program, event: Event) -> bool:
    """Whether nothing is measured: nobody reads what it gives (a first call, so that a lazy layer gets its size), or
    the weights are moved by hand around it, a trial of a step in a search along a line.
    """
    if any(e.result is event.result for e in p.all("discard") if event.result is not None):
        return True
    moves = [e for e in p.all("augment", "inplace") if e.recv is not None and e.recv.name.lower() == "parameter"]
    return event.loop is not None and any(event.loop in e.loops for e in moves)


def _one_run(event: Event, back: Event) -> bool:
    """Whether both belong to one model: in a loop over folds each round has a model and a split of its own."""
    for a, i, b, j in zip(event.loops, event.rounds, back.loops, back.rounds, strict=False):
        if a.node is not b.node:
            break
        if i != j and any(n is a.node for e in (event, back) if e.recv is not None for n in e.recv.loops):
            return False
    return True


def _cut_apart(event: Event, back: Event) -> bool:
    """Whether measured and trained rows are different slices: then it is no training score beside the other."""
    one, two = ([*overlaps.slices_in(e.args[0]), *overlaps.shares_in(e.args[0])] for e in (event, back))
    if {(id(s[0]), *s[1:3]) for s in one} & {(id(s[0]), *s[1:3]) for s in two}:
        return False  # the very same rows, cut again
    return not {s[3] for s in one} & {s[3] for s in two}


def _very_same(event: Event, back: Event) -> bool:
    """Whether measured and trained rows went through one and the same slices."""
    one, two = ({s[3] for s in overlaps.slices_in(e.args[0])} for e in (event, back))
    return bool(one) and one == two


def _other_part(p: Program, event: Event) -> bool:
    """Whether other rows of the same table are cut out somewhere."""
    mine = overlaps.slices_in(event.args[0])
    for one in p.made("getitem"):
        if any(one.args and one.args[0] is cut[0] for cut in mine):
            other = overlaps.slices_in(one)
            if other and all(other[0][1:3] != cut[1:3] for cut in mine):
                return True
    return False


def _told_held_out(event: Event) -> bool:
    """Whether a name says that these rows are held out."""
    said = {"val", "valid", "validate", "validation", "test", "testing", "dev", "holdout"}  # "eval" may be of anything
    return any(said & set(words(f.name)) for f in event.funcs) or rounds.split_of_val(event.args[0]) in ("val", "test")


def _slice(event: Event) -> Val | None:
    """The slice that an input was cut by, where it is written in the script itself."""
    cuts = {s[3] for s in (*overlaps.slices_in(event.args[0]), *overlaps.shares_in(event.args[0]))}
    return next((v for v in d.chain_all(event.args[0]) if id(v) in cuts and v.line and v.src is event.src), None)


_LOOK = 8  # so few rows are looked at, not measured


Cuts = tuple[list[overlaps.Cut], list[overlaps.Share]]


def _cut(event: Event, known: dict[int, Cuts]) -> bool:
    """Whether the input of a call was cut out of something; what it was is noted once for each call."""
    if id(event) not in known:
        known[id(event)] = (overlaps.slices_in(event.args[0]), overlaps.shares_in(event.args[0]))
    return any(known[id(event)])


def _common_rows(event: Event, back: Event, cuts: dict[int, Cuts]) -> str:
    """Which rows two inputs share, by the slices that only one of them went through or by their common cut."""
    if not _cut(event, cuts) or not _cut(back, cuts):
        return ""
    parts, others = cuts[id(event)][0], cuts[id(back)][0]
    parts = [p for p in parts if p[2] is None or p[2] - p[1] > _LOOK]
    both = {p[3] for p in parts} & {o[3] for o in others}
    if both and (len(parts) > len(both) or len(others) > len(both)):
        parts, others = [p for p in parts if p[3] not in both], [o for o in others if o[3] not in both]
    if both and _chosen_further(event.args[0], back.args[0], both):
        return ""  # both come from one part, and which of its rows each one has is not known: support and query
    if both and (_collected(event.args[0]) or _collected(back.args[0])):
        return ""  # lists that were filled from the common part: which of its rows each one has is not known
    found = [o for a in parts for b in others if (o := overlaps.slice_overlap(b, a))]
    if event.grad:
        return found[0] if found else ""  # a gradient penalty, say: no measurement
    shares, more = cuts[id(event)][1], cuts[id(back)][1]
    known = {s[3] for s in shares} & {m[3] for m in more}
    if len(shares) > len(known) or len(more) > len(known):
        shares, more = [s for s in shares if s[3] not in known], [m for m in more if m[3] not in known]
    found += [o for a in shares for b in more if (o := overlaps.share_overlap(b, a))]
    return found[0] if found else ""


def _collected(x: Val) -> bool:
    """Whether a sample is one of several elements that a list was filled with."""
    return any(v.kind == "phi" and any(a.name == "element" for a in v.args) for v in d.chain_all(x))


def _chosen_further(x: Val, other: Val, cuts: set[int]) -> bool:
    """Whether measured rows are picked once more, in a way that the trained ones are not, out of a common part."""
    known = {id(v) for v in d.chain_all(other)}
    for one in d.chain_all(x):
        if one.name != "getitem" or id(one) in known or id(one) in cuts or len(one.args) < 2:
            continue
        keys = one.args[1].items if one.args[1].kind == "tuple" and one.args[1].items else [one.args[1]]
        for key in keys:
            bounds = key.args[:2] if key.kind == "slice" else ()
            moving = any(b.kind == "number" and b.name == "int" for b in bounds)  # a batch of a loop over all rows
            if key.kind in ("tensor", "unknown", "list") or (
                bounds and not moving and not all(b.is_none for b in bounds)
            ):
                return True
    return False


def _redrawn(p: Program) -> Iterator[Finding]:
    """A split that is drawn again in every epoch."""
    for event in p.first_calls("random_split", "train_test_split"):
        last = event.name.rsplit(".", 1)[-1]
        if (
            last not in ("random_split", "train_test_split")
            or not event.loops
            or event.kwargs.get("random_state") is not None
        ):
            continue
        generator = event.kwargs.get("generator")
        loop = event.loops[-1]
        if generator is not None or not rounds.repeats(loop) or not any(b.inside(loop) for b in p.all("backward")):
            continue
        if any(m.kind == "module" and any(n is loop.node for n in m.loops) for m in training.trained_modules(p)):
            continue
        yield p.report(
            "SB406",
            event,
            f"{last} draws a new split in every epoch: over the epochs the model is trained on all validation samples",
            why="samples that are held out in one epoch are trained on in the next (a leak)",
            fix="Split once, before the epoch loop",
        )


def _resumed(p: Program) -> Iterator[Finding]:
    """A split that is drawn again when the training goes on from a checkpoint."""
    for event, restore in redraws.resumed(p):
        last = event.name.rsplit(".", 1)[-1]
        yield p.report(
            "SB406",
            event,
            f"{last} has no fixed seed and is drawn anew when training is resumed from the checkpoint: the validation "
            "set then holds samples that the model was trained on",
            why="each run holds out other samples, so after resuming the score is taken on known ones (a leak)",
            fix="Fix the split: random_split(data, sizes, generator=torch.Generator().manual_seed(0)), or random_state",
            related=((str(restore.src.path), restore.line, "the weights of the run before are loaded here"),),
        )


def _followed(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Rows, seeds and files that both parts share."""
    for place, why in sharing.shared(p):
        if id(place.node) not in seen:
            seen.add(id(place.node))
            yield p.report(
                "SB406",
                place,
                f"training and evaluation data overlap: {why}",
                why="the model is measured on samples that it was trained on, so the score is too good (a leak)",
                fix="Draw one order and cut it once: order = randperm(n); train, test = order[:k], order[k:]",
            )
    for late, early, why in sources.twins(p):
        yield p.report(
            "SB406",
            late,
            f"training and evaluation data overlap: {why}, so they hold the same samples",
            why="the model is measured on samples that it was trained on, so the score is too good (a leak)",
            fix="Give the evaluation data another seed (or file)",
            related=((str(early.src.path), early.line, "the training data"),),
        )


def _permutation_parts(p: Program) -> Iterator[Finding]:
    """The head and the tail of one permutation, when the tail starts before the head ends."""
    heads: dict[int, tuple[int, Event]] = {}
    for event in p.once("getitem"):
        base, key = event.recv, event.args[0] if event.args else None
        if base is None or key is None or key.kind != "slice" or event.loops or base.name not in _ORDERS:
            continue
        low, high = key.args[0], key.args[1]
        if low.is_none and isinstance(high.const, int) and high.const > 0:
            heads[id(base)] = (high.const, event)
        elif high.is_none and isinstance(low.const, int) and id(base) in heads and 0 < low.const < heads[id(base)][0]:
            yield p.report(
                "SB406",
                event,
                f"the two parts of the permutation overlap: places {low.const} to {heads[id(base)][0] - 1} are in both",
                why="the model is evaluated on samples that it was trained on, so the score is too good",
                fix="Start the second part where the first one ends",
                related=((str(event.src.path), heads[id(base)][1].line, "the first part"),),
            )


_ORDERS = frozenset(["randperm", "np_permutation", "permutation"])


def _finding(p: Program, at: Event | Val, overlap: str, other: Event | Val) -> Finding:
    return p.report(
        "SB406",
        at,
        f"training and evaluation data overlap: {overlap}",
        why="the model is measured on samples that it was trained on, so the score is too good (a leak)",
        fix="Make the splits disjoint, e.g. with random_split or slices [:n] and [n:]",
        related=((str(other.src.path) if other.src else "", other.line, "the training data"),),
    )

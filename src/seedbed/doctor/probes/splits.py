"""Training data beside evaluation data: shared samples, other statistics, targets among the inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import ForwardFact
from seedbed.doctor.observe.pairs import Pair, joined
from seedbed.doctor.observe.site import Site
from seedbed.doctor.observe.source import find_calls, line_in
from seedbed.doctor.probes.view import Run, number, report

LEVELS = 300
WORDS = ("val", "test", "dev", "valid", "holdout", "unseen")


def probe(run: Run) -> Iterator[Finding]:
    """Report samples in both splits, inputs of another scale, leaks of the target, and sorted labels."""
    overlap = list(_overlap(run))
    yield from overlap
    train = [p for p in run.recorder.pairs.split(True) if not p.tokens]
    numbers = {fact.number for fact in run.evaluations}
    seen = run.recorder.pairs.given
    learnt = [(f, x) for f, x in seen if f.reached]
    held = [(f, x) for f, x in seen if f.number in numbers]
    if not overlap:
        yield from _moments(run, learnt, held)
    yield from _scale(learnt)
    yield from _first_layer(run)
    yield from _target_inside(run, train)
    yield from _sorted_labels(run)
    for note in run.record.noted("unpaired-index"):
        if note.count >= 2:
            yield report(
                "SB414", f"inputs and targets are shuffled differently: both have {note.first['rows']} rows, "
                "but each is "
                "indexed with its own permutation, so the labels no longer belong to the inputs", note.site,
                "Use one permutation for both.", rows=note.first["rows"],
            )  # fmt: skip


def _overlap(run: Run) -> Iterator[Finding]:
    train: dict[tuple[int, int], int] = {}
    for fact in run.training_forwards:
        for row in fact.rows:
            train.setdefault((fact.root, row), fact.number)
    if len(train) < 16:
        return
    groups: dict[tuple[Site | None, int], list[ForwardFact]] = {}
    for fact in run.evaluations:
        if fact.rows:
            groups.setdefault((fact.site, fact.loader), []).append(fact)
    for (site, key), facts in groups.items():
        rows = {row for fact in facts for row in fact.rows}
        last = {(fact.root, row): fact.number for fact in facts for row in fact.rows}
        shared = {key for key, number in last.items() if train.get(key, number) < number}
        share = len(shared) / max(len(rows), 1)
        if _acted(run, facts, shared) or _transductive(run, facts) or (share < 0.5 and _repeating(run, facts)):
            continue
        if share <= 0.98 and _says_again(run, facts[0].root):
            continue
        if (not key and _whole_sets(facts, shared)) or _labelled_anew(run, shared):
            continue
        whole = len(shared) >= 0.95 * len(train) and share <= 0.98
        if len(shared) < 4 or share < 0.02 or whole:
            continue  # one pass over everything is cut into parts afterwards
        loader = run.record.loaders.get(key)
        if share <= 0.98 and loader is not None and loader.training:
            continue  # a look at the training data themselves, of which only some rows were seen in training
        names = " ".join(loader.names if loader else ()) + " " + " ".join({f.text for f in facts[:4]})
        function = facts[0].site.function if facts[0].site else ""
        named = any(word in (names + " " + function).lower() for word in WORDS)
        place = loader.site if loader else site
        spare = [f for f in run.record.loaders.values() if not f.epochs and f.samples and run.record.finished]
        if share > 0.98:
            if loader is not None and loader.training and spare and function != "<module>" and "train" not in function:
                yield report(
                    "SB309", f"the evaluation uses the training data (leak): all {len(rows)} evaluated samples were "
                    "also trained "
                    f"on, and a loader with {spare[0].samples} other samples is never read", _caller(site, function),
                    "Pass the validation loader.", shared=len(shared),
                )  # fmt: skip
            elif named and "train" not in names.lower():
                yield report(
                    "SB309", f"the evaluation uses the training data (leak): all {len(rows)} evaluated samples were "
                    "also trained on", place, "Evaluate on samples that are held out; where all of them go in "
                    "together (a graph), take the loss with the training mask.", shared=len(shared),
                )  # fmt: skip
        else:
            yield report(
                "SB406", f"training and evaluation data share samples: {len(shared)} of {len(rows)} evaluated rows "
                f"({share:.0%}) were also trained on: data leak, overlap, duplicates", place,
                "Split by index without overlap, and remove duplicates before the split.", shared=len(shared),
                evaluated=len(rows),
            )  # fmt: skip
        return


def _whole_sets(facts: list[ForwardFact], shared: set[tuple[int, int]]) -> bool:
    """Say whether large calls hold either only training rows or none: a gallery and what is looked up in it."""
    shares = [sum((f.root, row) in shared for row in f.rows) / len(f.rows) for f in facts if len(f.rows) >= 64]
    return bool(shares) and all(s < 0.02 or s > 0.98 for s in shares) and min(shares) < 0.5 < max(shares)


def _labelled_anew(run: Run, shared: set[tuple[int, int]]) -> bool:
    """Say whether the shared inputs have other targets in evaluation: the points of a grid, measured once more."""
    trained, held = _targets(run, True), _targets(run, False)
    both = [row for _, row in shared if row in trained and row in held]
    return len(both) >= 2 and sum(trained[row] != held[row] for row in both) >= 0.9 * len(both)


def _targets(run: Run, training: bool) -> dict[int, list[float]]:
    """The target of each row whose loss was taken in training or in evaluation, by the digest of the row."""
    found: dict[int, list[float]] = {}
    for pair in run.recorder.pairs.split(training):
        if len(pair.targets) == len(pair.forward.rows):
            numbers = pair.targets.reshape(len(pair.targets), -1).tolist()
            found |= dict(zip(pair.forward.rows, numbers, strict=True))
    return found


def _acted(run: Run, facts: list[ForwardFact], shared: set[tuple[int, int]]) -> bool:
    """Say whether most shared rows were first evaluated in the middle of training: actions, not a held-out set."""
    first: dict[tuple[int, int], int] = {}
    for fact in run.training_forwards:
        for row in fact.rows:
            first.setdefault((fact.root, row), fact.number)
    early = {
        (fact.root, row)
        for fact in facts
        for row in fact.rows
        if fact.step > 0 and fact.number < first.get((fact.root, row), 0)
    }
    return len(early & shared) >= 0.3 * len(shared)


def _repeating(run: Run, facts: list[ForwardFact]) -> bool:
    """Say whether a pass or the batches hold equal token windows themselves: such text is equal by chance too."""
    first = [f for f in facts if f.step == facts[0].step]
    if not any(f.flat is not None and not f.flat.is_floating_point() for f in first):
        return False
    whole = [row for fact in first for row in fact.rows]
    counts = Counter(row for f in run.training_forwards if f.root == facts[0].root for row in f.rows)
    usual = sorted(counts.values())[len(counts) // 2] if counts else 1
    twice = sum(count >= 2 * usual for count in counts.values())
    return len(set(whole)) < 0.99 * len(whole) or twice >= 2


def _says_again(run: Run, root: int) -> bool:
    """Say whether the training text comes back to the same long pieces and goes on in another way after them.

    A window of such a text is no sample of its own: text that was cut off by position holds the same ones by chance.
    """
    given = [f.flat for f in run.training_forwards if f.root == root and f.flat is not None]
    texts = [x for x in given if x.ndim == 2 and not x.is_floating_point() and x.shape[1] == given[0].shape[1] >= 12]
    if not texts:
        return False
    rows = torch.cat(texts)[:2000]
    size = max(8, 5 * rows.shape[1] // 8)
    pieces = torch.unique(rows.unfold(1, size + 1, 1).reshape(-1, size + 1), dim=0)
    starts = torch.unique(pieces[:, :-1], dim=0)
    return len(pieces) > 1.03 * len(starts)


def _transductive(run: Run, facts: list[ForwardFact]) -> bool:
    """Say whether one whole graph is the input, and the loss takes a part of its nodes."""
    root = run.record.roots[facts[0].root]
    if root.target is None or not root.target.ndim:
        return False
    calls = [fact for fact in run.training_forwards if fact.root == root.key]
    whole = len({fact.rows for fact in calls}) == 1 and facts[0].batch == calls[0].batch
    return whole and len(root.target) < facts[0].batch


def _caller(site: Site | None, function: str) -> Site | None:
    lines = find_calls(site.file, (function,)) if site is not None else []
    return Site(site.file, lines[-1]) if site is not None and lines else site


Given = list[tuple[ForwardFact, Tensor]]


def _numbers(given: Given) -> Tensor | None:
    if not given:
        return None
    width = given[0][1].shape[1]
    rows = torch.cat([x for _, x in given if x.shape[1] == width]).double()
    return torch.unique(rows, dim=0) if rows.numel() < 4_000_000 else rows


def _scale(train: Given) -> Iterator[Finding]:
    rows = _numbers(train)
    if rows is None or len(rows) < 20 or rows.shape[1] < 2:
        return
    low, high = float(rows.min()), float(rows.max())
    if low >= 0 and 0 < high < 0.0045:
        yield report(
            "SB408", f"the inputs are scaled twice: they lie in {number(low)}..{number(high)}, as if they had "
            "been divided "
            "by 255 two times", train[0][0].site, "Scale them once, to 0..1 or to mean 0 and std 1.", high=high,
        )  # fmt: skip
    elif max(-low, high) > 300 and rows.shape[1] >= 48:
        yield report(
            "SB423", f"the inputs are not normalised: they lie in {number(low)}..{number(high)}, as if mean and "
            "std for images "
            "in [0, 1] were applied to images in [0, 255]", train[0][0].site, "Divide by 255 "
            "first.", low=low, high=high,
        )  # fmt: skip
    elif low >= 0 and 200 < high <= 255 and bool((rows == rows.round()).all()) and rows.shape[1] >= 16:
        yield report(
            "SB433", f"the inputs are not normalised: they are pixels in "
            f"{number(low)}..{number(high)}", train[0][0].site,
            "Divide by 255, or normalise with mean and std.", high=high,
        )  # fmt: skip


def _first_layer(run: Run) -> Iterator[Finding]:
    for key in run.trained_roots:
        root = run.record.roots[key]
        if root.entry is not None and root.entry[0] >= 0 and 0 < root.entry[1] < 0.0045:
            yield report(
                "SB408", f"the inputs are scaled twice: the first layer of {root.name} gets values in "
                f"{number(root.entry[0])}..{number(root.entry[1])}, as if they had been divided by 255 two times",
                last_division(root.module) or root.site, "Scale them once, to 0..1 or to mean 0 and std 1.",
                high=root.entry[1],
            )  # fmt: skip


def last_division(module: nn.Module) -> Site | None:
    """Return the line of a module's class that divides by a pixel range."""
    return line_in(type(module), ("/ 255", "/255", "/ 256", "div(255", "mul(1"))


def _slides(given: Given) -> bool:
    """Say whether the rows are windows that slide over one series, one place at a time: such a series may drift."""
    rows = torch.cat([x for _, x in given if x.shape[1] == given[0][1].shape[1]])[:200] if given else torch.zeros(0, 0)
    if len(rows) < 8 or rows.shape[1] < 4:
        return False
    moved = (rows[1:, :-1] == rows[:-1, 1:]).all(1)
    return float(moved.float().mean()) > 0.8


def _moments(run: Run, train: Given, held: Given) -> Iterator[Finding]:
    one, two = _numbers(train), _numbers(held)
    if one is None or two is None or one.shape[1] != two.shape[1] or min(len(one), len(two)) < 20:
        return
    if _other_steps(one, two):
        yield report(
            "SB409", "evaluation inputs are not normalised as the training inputs are: training feeds "
            f"{one.unique().numel()} different values in {number(float(one.min()))}..{number(float(one.max()))}, "
            f"evaluation (prediction, inference) the same values on another scale, {number(float(two.min()))}.."
            f"{number(float(two.max()))} (mean and std are not applied, or applied twice)", held[0][0].site,
            "Apply the mean and std of the training data to the evaluation data too.",
        )  # fmt: skip
        return
    mean1, mean2 = one.mean(0), two.mean(0)
    std1, std2 = one.std(0).clamp_min(1e-9), two.std(0).clamp_min(1e-9)
    ratio = float((std2 / std1).log().median().exp())
    shift = float(((mean2 - mean1).abs() / torch.maximum(std1, std2)).median())
    standard = float(mean1.abs().median()) < 0.2 and 0.7 < float(std1.median()) < 1.4
    standard_too = float(mean2.abs().median()) < 0.2 and 0.7 < float(std2.median()) < 1.4
    far = ratio > 20 or ratio < 1 / 20
    if (ratio > 3 or ratio < 1 / 3 or shift > 3) and (standard or standard_too or far) and (far or not _slides(held)):
        loader = run.record.loaders.get(held[0][0].loader)
        site = loader.site if loader is not None else held[0][0].site
        yield report(
            "SB409", f"evaluation inputs are not normalised as the training inputs are: training mean "
            f"{number(float(mean1.median()))}, std {number(float(std1.median()))}; evaluation mean "
            f"{number(float(mean2.median()))}, std {number(float(std2.median()))}", site,
            "Apply the mean and std of the training data to the evaluation data too.", ratio=ratio, shift=shift,
        )  # fmt: skip
        return
    both = torch.cat([one, two])
    exact = float(both.mean(0).abs().max()) < 2e-5 and float((both.std(0) - 1).abs().max()) < 2e-3
    exact = exact or (
        float(both.mean(0).abs().max()) < 2e-5 and float((both.std(0, correction=0) - 1).abs().max()) < 1e-4
    )
    apart = float(mean1.abs().max()) > 1e-3
    exact = exact or _same_range(one, both)
    apart = apart or _same_range(one, both)
    whole = abs(float(both.mean())) < 2e-5 and abs(float(both.std()) - 1) < 2e-3 and abs(float(one.mean())) > 1e-3
    own = float(mean2.abs().max()) < 2e-5 and float(mean1.abs().max()) < 2e-5 and len(one) != len(two)
    if (exact and apart) or whole:
        yield report(
            "SB404", "statistics are fitted on all data before the split (data leak): training and evaluation inputs "
            f"together {_exact_form(one, both)}", train[0][0].site,
            "Split first, fit mean and std (or min and max) on the training part only, apply them to both.",
        )  # fmt: skip
    elif _is_ranged(one) and _is_ranged(two) and not _seen(one, two):
        yield report(
            "SB405", "evaluation inputs are scaled with their own statistics: like the training inputs they fill one "
            "range exactly, column by column, as if a min-max scaler had been fitted on them again", held[0][0].site,
            "Fit on the training data only and call transform on the rest.",
        )  # fmt: skip
    elif own and float(mean2.abs().max()) < 2e-5 and 0.99 < float(std2.median()) < 1.01 and not _seen(one, two):
        yield report(
            "SB405", "evaluation inputs are normalised with their own statistics: their mean is exactly 0 and "
            "std 1, as "
            "if a scaler had been fitted on them again", held[0][0].site,
            "Fit on the training data only and call transform on the rest.",
        )  # fmt: skip


def _seen(one: Tensor, two: Tensor) -> bool:
    """Say whether evaluated rows are training rows: the score on them is taken too, they are no data of their own."""
    known = {tuple(row) for row in one.tolist()}
    return sum(tuple(row) in known for row in two.tolist()) > len(two) // 4


def _same_range(one: Tensor, both: Tensor) -> bool:
    """Say whether all rows fill one exact range and the training rows alone do not."""
    if not _is_ranged(both):
        return False
    low, high = both.min(0).values, both.max(0).values
    return bool(((one.min(0).values > low + 1e-4) | (one.max(0).values < high - 1e-4)).any())


def _is_ranged(rows: Tensor) -> bool:
    """Say whether every column fills 0..1 or -1..1 exactly, each end reached by one row only: a min-max scaling."""
    if rows.shape[1] < 2 or len(rows) < 40:
        return False
    low, high = rows.min(0).values, rows.max(0).values
    ranged = bool((low - low[0]).abs().max() < 1e-6) and bool((high - 1).abs().max() < 1e-6)
    if not ranged or min(abs(float(low[0])), abs(float(low[0]) + 1)) > 1e-6:
        return False
    return int(((rows - low).abs() < 1e-6).sum(0).max()) == 1 == int(((rows - high).abs() < 1e-6).sum(0).max())


def _exact_form(one: Tensor, both: Tensor) -> str:
    """Say in which form the rows of both parts are exact and the training rows are not."""
    if _same_range(one, both):
        return "lie in the range of a min-max scaling exactly, the training inputs alone do not reach its ends"
    mean = number(float(one.mean(0).abs().max()))
    return f"have mean 0 and std 1 exactly, the training inputs alone have mean {mean}"


def _other_steps(one: Tensor, two: Tensor) -> bool:
    """Say whether two sets of rows hold few values each, the same ones but for a shift and a factor (grey levels)."""
    first, second = one.unique(), two.unique()
    if not 8 <= len(first) <= LEVELS or not 0.8 * len(first) <= len(second) <= len(first):
        return False
    low, wide = first[0], first[-1] - first[0]
    if float((first[0] - second[0]).abs() + (first[-1] - second[-1]).abs()) < 0.05 * float(wide):
        return False
    own, other = (first - low) / wide, (second - second[0]) / (second[-1] - second[0])
    place = torch.searchsorted(own, other).clamp(1, len(own) - 1)
    near = torch.minimum((own[place] - other).abs(), (own[place - 1] - other).abs())
    return bool((near < 1e-4).all())


def _target_inside(run: Run, train: list[Pair]) -> Iterator[Finding]:
    found = joined([p for p in train if p.targets.ndim == 1 or p.targets.shape[1:].numel() == 1])
    if found is None:
        return
    inputs, targets = found[0].double(), found[1].double().reshape(len(found[1]), -1)[:, 0]
    if inputs.shape[1] < 3 or len(targets) < 16 or targets.unique().numel() < 2:
        return
    same = (inputs == targets[:, None]).all(0)
    steps = train[0].shape
    if not bool(same.any()):
        return
    column = int(same.nonzero()[0])
    if len(steps) == 3 and column < inputs.shape[1] - steps[-1]:
        return  # an earlier time step may well be what the model must remember
    yield report(
        "SB416", f"the target is among the inputs (target leak): feature {column} equals the target in all "
        f"{len(targets)} rows", train[0].forward.site, "Drop this column (or end the window one step earlier).",
        column=column, rows=len(targets),
    )  # fmt: skip


def _sorted_labels(run: Run) -> Iterator[Finding]:
    pairs = [p for p in run.recorder.pairs.split(True) if p.targets.ndim == 1 and len(p.targets) >= 4][:200]
    if len(pairs) < 6 or not all(p.loss.name in ("cross_entropy", "nll_loss") for p in pairs):
        return
    kinds = [p.targets.unique().numel() for p in pairs]
    overall = torch.cat([p.targets for p in pairs]).unique().numel()
    single = sum(k == 1 for k in kinds)
    if overall >= 2 and single >= 0.6 * len(pairs):
        yield report(
            "SB422", f"batches hold one class only: {single} of {len(pairs)} training batches have a single "
            "label out of "
            f"{overall}, the data is sorted and not shuffled", pairs[0].forward.site,
            "Shuffle the training data.", single=single, batches=len(pairs),
        )  # fmt: skip

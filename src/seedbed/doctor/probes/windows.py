"""Windows of one series on both sides of a split: an evaluated window is a trained one, moved by a few places."""

from __future__ import annotations

from collections.abc import Iterator

import xxhash
from torch import Tensor

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import ForwardFact
from seedbed.doctor.observe.source import last_call
from seedbed.doctor.probes.view import Run, report

SHORTEST, WIDEST = 6, 512
TRAINED_ROWS, EVALUATED_ROWS, PIECES = 4000, 400, 64
SPLITS = ("random_split", "train_test_split", "randperm", "shuffle", "permutation", "sample", "Subset")


def probe(run: Run) -> Iterator[Finding]:
    """Report evaluations most of whose windows overlap windows that were trained on before."""
    numbers = {fact.number for fact in run.evaluations if fact.batch > 1}
    seen = run.recorder.pairs.given
    widths = {x.shape[1] for fact, x in seen if fact.number in numbers and _is_window(fact, x)}
    for width in sorted(widths):
        trained = [(fact, x) for fact, x in seen if fact.reached and x.shape[1] == width]
        held = [(fact, x) for fact, x in seen if fact.number in numbers and x.shape[1] == width]
        rows, overlapping = _overlaps(trained, held)
        if overlapping >= 8 and overlapping > 0.5 * rows:
            yield report(
                "SB415", f"windows of one time series were split at random: {overlapping} of {rows} evaluated windows "
                "overlap windows that were trained on, only moved by a few places (leak, shuffle before the split)",
                last_call(held[0][0].site, SPLITS), "Split the series by time first, then cut each part into windows.",
                overlapping=overlapping, rows=rows,
            )  # fmt: skip
            return


def _is_window(fact: ForwardFact, rows: Tensor) -> bool:
    return rows.is_floating_point() and SHORTEST <= rows.shape[1] <= WIDEST and len(fact.pointer) <= 4


def _overlaps(trained: list[tuple[ForwardFact, Tensor]], held: list[tuple[ForwardFact, Tensor]]) -> tuple[int, int]:
    """Return how many windows were compared, and how many of them share a piece with one trained on before."""
    width = held[0][1].shape[1]
    length = max(width // 2, 4)
    first: dict[int, tuple[int, int]] = {}
    whole: dict[int, int] = {}
    for fact, x in _first_rows(trained, TRAINED_ROWS):
        for text in _texts(x):
            whole.setdefault(xxhash.xxh3_64_intdigest(text), fact.number)
            for at, piece in _pieces(text, width, length, range(width - length + 1)):
                first.setdefault(piece, (fact.number, at))
    rows = overlapping = 0
    looked: set[int] = set()
    for fact, x in _first_rows(held, EVALUATED_ROWS):
        for text, distinct in zip(_texts(x), _distinct(x, length), strict=True):
            digest = xxhash.xxh3_64_intdigest(text)
            if digest in looked:
                continue
            looked.add(digest)
            rows += 1
            if digest in whole or not distinct:
                continue  # the same sample on both sides is another mistake, or an action that is learnt from later
            middle = _pieces(text, width, length, [0, (width - length) // 2, width - length])
            # at the same place of both it is no window that moved, but features that the two samples have in common
            found = [(at, first[piece]) for at, piece in middle if piece in first]
            overlapping += any(number < fact.number and at != place for at, (number, place) in found)
    return rows, overlapping


def _first_rows(pairs: list[tuple[ForwardFact, Tensor]], limit: int) -> Iterator[tuple[ForwardFact, Tensor]]:
    for fact, x in pairs:
        if limit <= 0:
            return
        yield fact, x[:limit]
        limit -= len(x)


def _texts(rows: Tensor) -> list[bytes]:
    return [row.tobytes() for row in rows.float().contiguous().numpy()]


def _distinct(rows: Tensor, length: int) -> list[bool]:
    """Say of each window whether its middle holds enough different numbers to be known again."""
    middle = rows[:, (rows.shape[1] - length) // 2 :][:, :length].float()
    return [len(set(row)) >= max(4, 0.7 * length) for row in middle.tolist()]


def _pieces(text: bytes, width: int, length: int, offsets: range | list[int]) -> list[tuple[int, int]]:
    step = max(1, len(offsets) // PIECES)
    return [(at, xxhash.xxh3_64_intdigest(text[4 * at : 4 * (at + length)])) for at in offsets[::step]]

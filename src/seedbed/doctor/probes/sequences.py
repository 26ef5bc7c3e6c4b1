"""Batch and time."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.probes.view import Run, report


def probe(run: Run) -> Iterator[Finding]:
    """Report recurrent layers whose ``batch_first`` does not fit their input."""
    for note in run.record.noted("rnn-input"):
        seen = note.last
        batch, first, second = seen["batch"], seen["first"], seen["second"]
        if batch < 2 or first == second or note.count < 2:
            continue
        given = batch == (first if not seen["batch_first"] else second)
        other = batch == (second if not seen["batch_first"] else first)
        if given and not other:
            yield report(
                "SB227", f"batch and time are swapped: {seen['kind']} has batch_first={seen['batch_first']} but gets "
                f"({first}, {second}, …) with {batch} samples, so it runs along the batch and mixes samples", note.site,
                f"Build it with batch_first={not seen['batch_first']}.", batch=batch, first=first, second=second,
            )  # fmt: skip

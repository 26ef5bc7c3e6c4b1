"""Gradient accumulation that changes the gradient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.source import is_in_modulo_branch
from seedbed.doctor.probes.view import Run, report


def probe(run: Run) -> Iterator[Finding]:
    """Report windows of several batches whose loss is not divided by their number."""
    for optimizer in run.stepped:
        windows = optimizer.backs_per_step
        if len(windows) < 2 or not optimizer.undivided:
            continue
        size, times = Counter(count for count, _ in windows).most_common(1)[0]
        many = sum(count > 1 for count, _ in windows)
        if size < 2 or sum(optimizer.undivided.values()) < 0.8 * many:
            continue
        site = optimizer.undivided.most_common(1)[0][0]
        step = optimizer.step_sites.most_common(1)[0][0]
        lengths = {e.batches for f in run.record.loaders.values() for e in f.epochs if e.ended}
        if step is not None and is_in_modulo_branch(step) and times >= 2:
            yield report(
                "SB109",
                f"gradient accumulation without dividing the loss: {size} backward() calls per step each add a full "
                f"mean loss, so the gradient is {size} times too large",
                site,
                f"Divide the loss by {size} before backward().",
                accumulated=size,
            )
        elif size >= 4 and size in lengths and times >= 2:
            yield report(
                "SB133",
                f"backward() runs for every batch, step() only once after the loop: {size} gradients are added up, "
                "then one step is made per epoch",
                step,
                "Move optimizer.step() (and zero_grad()) into the batch loop.",
                accumulated=size,
            )

"""Shapes (N, 1) and (N,) that meet in one operation; views that mix axes."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.probes.view import Run, report


def probe(run: Run) -> Iterator[Finding]:
    """Report accidental broadcasting and views in the place of permutes."""
    for kind in ("loss", "metric"):
        for note in run.record.noted(f"broadcast-{kind}"):
            seen = note.first
            in_loss = kind == "loss" and seen["grad"]
            yield report(
                "SB210" if in_loss else "SB317",
                f"shapes {seen['left']} and {seen['right']} broadcast to {seen['out']} in a "
                f"{'loss' if in_loss else 'metric'}: every prediction meets every target",
                note.site, "Give both the same shape: squeeze(1) the one or unsqueeze(1) the other.",
                left=seen["left"], right=seen["right"],
            )  # fmt: skip
    for note in run.record.noted("view-mixes"):
        seen = note.last
        merged = seen["reason"] == "batch"
        yield report(
            "SB240" if merged else "SB214",
            f"view/reshape from {seen['before']} to {seen['after']} mixes the axes"
            + (": the batch dim is merged into the features and samples are mixed" if merged else
               ": it needs permute/transpose, the values land in the wrong places"),
            note.site, "Use permute() or transpose() to change the order of axes, then reshape.",
            before=seen["before"], after=seen["after"],
        )  # fmt: skip

"""Loss scaling for float16: every call in its place."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from seedbed.doctor.finding import Finding
from seedbed.doctor.probes.view import Run, report


def probe(run: Run) -> Iterator[Finding]:
    """Report scaled losses with plain steps, a scaler that is never updated, and float16 weights."""
    record = run.record
    for optimizer in run.stepped:
        if sum(optimizer.plain_steps_scaled.values()) >= 2:
            site = optimizer.plain_steps_scaled.most_common(1)[0][0]
            yield report(
                "SB122",
                "the loss is scaled by GradScaler but the optimizer steps without it: the gradients are too large by "
                "the loss scale and overflow is not skipped",
                site, "Call scaler.step(optimizer) and scaler.update() instead of optimizer.step().",
            )  # fmt: skip
        half = [p for p in optimizer.params if p.dtype == torch.float16 and p.requires_grad]
        if half and len(half) == len(optimizer.params):
            yield report(
                "SB706",
                f"all {len(half)} trained parameters are float16: updates smaller than a thousandth of a weight are "
                "lost",
                optimizer.site, "Keep the weights in float32 and use torch.autocast.",
            )  # fmt: skip
    steps, updates = record.noted("scaler-step"), record.noted("scaler-update")
    if steps and steps[0].count >= 2 and not updates:
        yield report(
            "SB124",
            f"scaler.update() is never called after {steps[0].count} calls of scaler.step(): the loss scale "
            "never adapts",
            steps[0].site, "Call scaler.update() after scaler.step(optimizer).",
        )  # fmt: skip

"""Options of an optimizer that are in the wrong place."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import OptimizerFact
from seedbed.doctor.probes.view import Run, report

LOSSES = frozenset(("cross_entropy", "mse_loss", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
                    "l1_loss", "smooth_l1_loss", "huber_loss"))  # fmt: skip


def probe(run: Run) -> Iterator[Finding]:
    """Report swapped decay groups, a dampening that is a weight decay, and a loss that is maximized."""
    for optimizer in run.record.optimizers.values():
        yield from _groups(optimizer)
        yield from _misplaced(optimizer)
    for optimizer in run.stepped:
        if optimizer.settings.get("maximize") is True and any(
            call.reached and call.training and call.name in LOSSES for call in run.record.losses
        ):
            yield report(
                "SB182", "maximize=True together with a loss: the optimizer goes uphill and makes the loss larger",
                optimizer.site, "Remove maximize=True.",
            )  # fmt: skip


def _groups(optimizer: OptimizerFact) -> Iterator[Finding]:
    """Groups of only matrices without decay beside groups of only biases and norms with it."""
    ranks, decays = optimizer.settings.get("ranks", []), optimizer.settings.get("decays", [])
    if len(ranks) != len(decays) or len(ranks) < 2:
        return
    matrices = [d for r, d in zip(ranks, decays, strict=True) if r and min(r) >= 2]
    vectors = [d for r, d in zip(ranks, decays, strict=True) if r and max(r) <= 1]
    if matrices and vectors and len(matrices) + len(vectors) == len(ranks) and max(matrices) == 0 < min(vectors):
        yield report(
            "SB186", f"the weight decay groups are swapped: biases and norms get weight_decay={max(vectors):g}, the "
            "weight matrices get none", optimizer.site,
            "Give weight_decay to the matrices and 0.0 to biases and norms.", weight_decay=max(vectors),
        )  # fmt: skip


def _misplaced(optimizer: OptimizerFact) -> Iterator[Finding]:
    """A weight decay in the place of the dampening."""
    value = optimizer.settings.get("dampening", 0.0)
    if optimizer.kind != "SGD" or optimizer.settings.get("weight_decay", 0.0):
        return
    if isinstance(value, int | float) and 0 < value < 0.05:
        yield report(
            "SB180", f"dampening={value:g} of SGD is implausible and weight_decay is 0: the number seems to be meant "
            "as weight decay (positional arguments are lr, momentum, dampening, weight_decay)",
            optimizer.site, f"Name it: SGD(..., weight_decay={value:g}).", value=value,
        )  # fmt: skip

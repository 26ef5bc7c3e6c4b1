"""Numbers of the optimizer that cannot be meant, and the training that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import OptimizerFact
from seedbed.doctor.probes.view import Run, number, report

ADAPTIVE = ("Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Lion", "Adafactor")


def probe(run: Run) -> Iterator[Finding]:
    """Report implausible rates, decays and momenta, losses that are not finite or do not move."""
    for optimizer in run.record.optimizers.values():
        yield from _settings(optimizer)
    for optimizer in run.stepped:
        yield from _course(run, optimizer)


def _settings(optimizer: OptimizerFact) -> Iterator[Finding]:
    settings = optimizer.settings
    rate = max(settings.get("rates", [0.0]))
    decay = max(settings.get("decays", [0.0]))
    kind, site = optimizer.kind, optimizer.site
    limit = 1.5 if kind == "AdamW" else 0.5
    if decay >= limit and rate < decay:
        code = "SB120" if rate <= 1e-3 * decay else "SB150"
        yield report(
            code, f"weight decay {number(decay)} is far larger than usual while the learning rate is {number(rate)}: "
            "the two look swapped, and the weights shrink to zero", site,
            "Swap the two values, or use a weight decay around 0.01.", lr=rate, weight_decay=decay,
        )  # fmt: skip
    betas = settings.get("betas")
    if isinstance(betas, tuple) and len(betas) == 2 and betas[1] < betas[0] - 0.05:
        yield report(
            "SB142", f"the betas of {kind} look swapped: beta1={betas[0]} is larger than beta2={betas[1]}", site,
            "Write betas=(0.9, 0.999).", beta1=betas[0], beta2=betas[1],
        )  # fmt: skip
    momentum = settings.get("momentum", 0.0)
    if isinstance(momentum, int | float) and momentum >= 0.9995:
        yield report(
            "SB142", f"momentum {momentum} is implausible: steps are never damped", site, "Use momentum=0.9.",
            momentum=momentum,
        )  # fmt: skip
    named = site is not None and "momentum" in site.text
    if kind == "SGD" and 0 < momentum <= 0.2 and not settings.get("weight_decay") and not named:
        yield report(
            "SB142", f"momentum {number(momentum)} is implausibly small: the third positional argument of SGD is "
            "momentum, so a value meant as weight_decay (or dampening) became the momentum and nothing decays", site,
            "Name the argument: weight_decay=... or momentum=0.9.", momentum=momentum,
        )  # fmt: skip
    if (kind in ADAPTIVE and rate >= 1.0 and kind not in ("Adagrad", "Adafactor")) or rate >= 100.0:
        yield report(
            "SB121", f"the learning rate {number(rate)} is far too large for {kind}", site,
            "Use about 1e-3 for Adam, 1e-2 to 1e-1 for SGD.", lr=rate,
        )  # fmt: skip


def _course(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    zeros = next((i for i, rate in enumerate(optimizer.rates) if rate > 0), 0)
    if zeros >= 3:
        yield report(
            "SB121", f"the learning rate is 0 in the first {zeros} steps: the warm-up does nothing (integer division?)",
            optimizer.site, "Use / instead of // in the warm-up, and start above 0.", first_steps=zeros,
        )  # fmt: skip
    losses = optimizer.losses
    if any(not abs(value) < float("inf") for value in losses):
        at = next(i for i, value in enumerate(losses) if not abs(value) < float("inf"))
        yield report(
            "SB901", f"the loss is not finite: NaN or infinite from step {at} on", run.backward_site,
            "Look for a log or division of zero and for a learning rate that is too high.", step=at,
        )  # fmt: skip
        return
    if len(run.stepped) > 1 or len(losses) < 30 or not optimizer.ratios or run.record.grad_calls:
        return
    if not any(call.training and call.reached for call in run.record.losses):
        return
    edge = max(3, len(losses) // 10)
    first, last = median(losses[:edge]), median(losses[-edge:])
    if min(losses) < 0:
        return  # a surrogate (policy gradient, likelihood of densities): its value says little
    ratio = median(optimizer.ratios)
    rate = optimizer.rates[0]
    gain = (first - last) / max(abs(first), 1e-12)
    if (gain < -0.1 and ratio > 0.05) or (gain < 0.02 and ratio > 0.3):
        yield report(
            "SB121", f"the learning rate {number(rate)} is too high for {optimizer.kind}: each step changes the "
            "weights "
            f"by {ratio:.0%} and the loss went from {number(first)} to {number(last)}", optimizer.site,
            "Divide the learning rate by ten until the loss falls.", lr=rate, ratio=ratio, first=first, last=last,
        )  # fmt: skip
    elif rate > 0 and first > 1e-3 and ((abs(gain) < 0.02 and ratio < 3e-5) or (gain < 0.1 and ratio < 1e-6)):
        yield report(
            "SB121", f"the learning rate {number(rate)} is too small for {optimizer.kind}: a step changes the weights "
            f"by {number(ratio)} of their size and the loss stays at {number(last)} after {optimizer.steps} steps",
            optimizer.site, "Multiply the learning rate by ten until the loss falls.",
            lr=rate, ratio=ratio, first=first, last=last,
        )  # fmt: skip

"""Rules on the optimizer's settings: rate, decay, momentum, clipping, freezing."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.jobs.facts import Facts, report

# rates that are too high: from here on it may be meant (hint), from here on very probably not (warning)
HIGH = {
    "SGD": (2.0, 5.0),
    "Adam": (0.05, 0.1),
    "AdamW": (0.05, 0.1),
    "NAdam": (0.05, 0.1),
    "RAdam": (0.05, 0.1),
    "Adamax": (0.1, 0.3),
    "RMSprop": (0.05, 0.1),
    "Adagrad": (0.5, 1.0),
    "SparseAdam": (0.05, 0.1),
    "ASGD": (2.0, 5.0),
}
STRONG = {"AdamW": 1.0, "Adam": 0.3, "NAdam": 0.3, "RMSprop": 0.3, "SGD": 0.2}  # weight decays that win over gradients
SWAPPED = {"AdamW": 0.5, "Adam": 0.1, "NAdam": 0.1, "RMSprop": 0.1, "SGD": 0.05}


def rate(facts: Facts) -> Iterator[Finding]:
    """The learning rate is far outside what the optimizer works with."""
    groups = [(key, name, group, peak_rate(facts, group)) for key, name, group in facts.groups()]
    if groups and all(lr == 0 for *_, lr in groups):
        yield report(
            "SB121", "optimizer.args.lr", "the learning rate is 0",
            why="the weights never change", fix="Set optimizer.args.lr to about 1e-3", lr=0.0,
        )  # fmt: skip
        return
    seen = set()
    for key, name, _, lr in groups:
        hint, warning = HIGH.get(name, (float("inf"), float("inf")))
        if lr in seen or (hint > lr and not 0 < lr <= 1e-7):
            continue
        seen.add(lr)
        if lr >= hint:
            yield report(
                "SB121", f"{key}.args.lr", f"the learning rate {lr:g} is very high for {name}",
                why="the loss jumps or settles far above what is possible",
                fix="Use about 1e-3 for Adam-like optimizers and 1e-2 to 1e-1 for SGD",
                severity=Severity.WARNING if lr >= warning else Severity.HINT, lr=float(lr),
            )  # fmt: skip
        elif name not in {"Adadelta", "LBFGS", "Rprop", "Adafactor"}:
            yield report(
                "SB121", f"{key}.args.lr", f"the learning rate {lr:g} is so small that the weights hardly move",
                why="the loss stays where it is", fix="Use about 1e-3 for Adam-like optimizers and 1e-2 for SGD",
                lr=float(lr),
            )  # fmt: skip


def peak_rate(facts: Facts, group: dict[str, float]) -> float:
    """The highest rate that a group has in the run."""
    start = float(group.get("initial_lr", group["lr"]))
    factors = [factor for _, factor in facts.curve]
    return start * max(factors) if factors else start


def decay(facts: Facts) -> Iterator[Finding]:
    """Weight decay that is stronger than the gradient, or that was swapped with the rate."""
    seen = set()
    for key, name, group in facts.groups():
        strength, lr = float(group.get("weight_decay") or 0.0), float(group.get("initial_lr", group["lr"]))
        if strength in seen or name not in STRONG:
            continue
        seen.add(strength)
        if strength >= SWAPPED[name] and lr < strength / 5 and not (name == "SGD" and lr > 5e-3 and strength < 0.2):
            yield report(
                "SB120", f"{key}.args.weight_decay",
                f"weight decay {strength:g} with learning rate {lr:g}: they look swapped",
                why="the weights shrink towards zero instead of learning",
                fix=f"Set lr to {strength:g} and weight_decay to {lr:g}, or use a weight decay of 1e-4 to 1e-1",
                lr=lr, weight_decay=strength,
            )  # fmt: skip
        elif strength >= STRONG[name]:
            yield report(
                "SB150", f"{key}.args.weight_decay", f"weight decay {strength:g} is very strong for {name}",
                why="the weights shrink to zero faster than gradients can build them",
                fix="Use a weight decay of 1e-4 to 1e-1", weight_decay=strength,
            )  # fmt: skip


def momentum(facts: Facts) -> Iterator[Finding]:
    """Momentum so close to 1 that updates overshoot, or betas the wrong way round."""
    for key, name, group in facts.groups():
        value = float(group.get("momentum") or 0.0)
        if value >= 0.995:
            yield report(
                "SB142", f"{key}.args.momentum",
                f"momentum {value:g} makes steps {1 / (1.0001 - value):.0f} times larger",
                why="an update is a sum over that many steps and overshoots", fix="Use momentum 0.9", momentum=value,
            )  # fmt: skip
            return
        first, second = group.get("betas") or (0.0, 1.0)
        if first > second and first >= 0.95:
            yield report(
                "SB142", f"{key}.args.betas", f"betas {first:g}, {second:g} of {name} are the wrong way round",
                why="the momentum then averages a thousand steps while the scale follows single gradients",
                fix=f"Use betas [{second:g}, {first:g}]", beta1=first, beta2=second,
            )  # fmt: skip
            return


def clipping(facts: Facts) -> Iterator[Finding]:
    """A clipping threshold that cuts every gradient to almost nothing."""
    for key in ("clip_norm", "clip_value"):
        value = getattr(facts.config.trainer, key)
        limit = 1e-3 if key == "clip_norm" else 1e-5
        plain = any(name in {"SGD", "ASGD"} for _, name, _ in facts.groups())
        if value is not None and value <= limit:
            yield report(
                "SB144", f"trainer.{key}", f"{key} {value:g} cuts every gradient to almost nothing",
                why="the weights hardly move" if plain else "rounding and the optimizer's eps then matter",
                fix="Use a threshold near 1", severity=Severity.WARNING if plain else Severity.HINT, threshold=value,
            )  # fmt: skip


def freezing(facts: Facts) -> Iterator[Finding]:
    """Nothing trains, or what is frozen for a while stays frozen for the whole run."""
    parameters = [p for p in facts.training.job.state.model.parameters() if p.is_floating_point()]
    later = [rule for rule in facts.config.freeze if rule.until_epoch is not None]
    if parameters and not later and not any(p.requires_grad for p in parameters):
        yield report(
            "SB125", "freeze", f"all {len(parameters)} parameters of the model are frozen",
            why="no update can change anything", fix="Let freeze.match name less, the backbone alone for example",
            parameters=len(parameters),
        )  # fmt: skip
    for number, rule in enumerate(later):
        if facts.epochs is not None and rule.until_epoch is not None and rule.until_epoch >= facts.epochs:
            yield report(
                "SB814", f"freeze.{number}.until_epoch",
                f"{', '.join(rule.match)} is to train after epoch {rule.until_epoch}, but the run has {facts.epochs:g}",
                why="these weights stay frozen to the end",
                fix="Use a smaller until_epoch or a longer run; leave until_epoch out if they are to stay frozen",
                until_epoch=rule.until_epoch, epochs=float(facts.epochs),
            )  # fmt: skip


RULES = (rate, decay, momentum, clipping, freezing)

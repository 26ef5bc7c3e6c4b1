"""How a model's outputs are turned into decisions, and operations whose gradient explodes at zero."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.probes.view import Run, number, report

LOGIT_LOSSES = ("binary_cross_entropy_with_logits", "soft_margin_loss", "multilabel_soft_margin_loss")


def probe(run: Run) -> Iterator[Finding]:
    """Report thresholds on logits, argmax over the batch, and log or sqrt of zero."""
    losses = {call.name for call in run.record.losses if call.training}
    for note in run.record.noted("threshold"):
        low, high = min(note.first["low"], note.last["low"]), max(note.first["high"], note.last["high"])
        value = note.first["value"]
        if note.first["root"] not in run.trained_roots:
            continue
        if value == 0.5 and losses & set(LOGIT_LOSSES) and (low < -0.01 or high > 1.01):
            yield report(
                "SB307", f"raw logits are thresholded at 0.5 as if they were probabilities: they lie in {number(low)}.."
                f"{number(high)}, where 0.5 means a probability of 0.62", note.site,
                "Compare logits with 0, or apply sigmoid first.", low=low, high=high,
            )  # fmt: skip
        elif value == 0.0 and low >= 0 and high <= 1 and note.first["maker"] in ("Sigmoid", "Softmax"):
            yield report(
                "SB307", f"probabilities are compared with 0: they lie in {number(low)}..{number(high)}, so the answer "
                "is always yes", note.site, "Compare probabilities with 0.5.", low=low, high=high,
            )  # fmt: skip
    for note in run.record.noted("argmax-dim0"):
        yield report(
            "SB209", f"argmax over the wrong dim: dim=0 of {note.first['shape']} compares the samples of the "
            "batch, not "
            "the classes", note.site, "Use argmax(dim=1).", shape=note.first["shape"],
        )  # fmt: skip
    for note in run.record.noted("log-of-zero"):
        yield report(
            "SB230", f"log of a value that is {number(note.first['low'])}: the result and its gradient are infinite or "
            "NaN", note.site, "Use log_softmax, logsigmoid or clamp_min(1e-8) before the log.", **note.first,
        )  # fmt: skip
    for note in run.record.noted("root-of-zero"):
        yield report(
            "SB231", "sqrt of exactly 0 in the loss: its gradient is infinite and turns the weights into NaN",
            note.site, "Write torch.sqrt(x + 1e-8).",
            severity=Severity.WARNING if any(o.bad_grads for o in run.stepped) else Severity.HINT,
        )  # fmt: skip

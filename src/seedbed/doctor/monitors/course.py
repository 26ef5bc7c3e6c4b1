"""The monitors of a run. They read what updates report anyway; every judgement is a function of plain numbers.

Their state is plain data in the training state, so that a resumed run goes on with it and says nothing twice.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch

from seedbed.build import Training
from seedbed.doctor.codes import CHECKS
from seedbed.doctor.finding import Finding, Severity
from seedbed.fast import is_plain
from seedbed.objectives.classification import Classification
from seedbed.state import StepRecord, TrainState

SHORT, LONG = 0.1, 0.01  # weights of a new loss in the two running means
FIRST = 20  # updates whose mean loss is what the training began with
CALM = 100  # updates before anything is called a jump
IN_A_ROW = 5


def fresh() -> dict[str, Any]:
    """The state before the first update."""
    return {
        "said": [],
        "count": 0,
        "first": 0.0,
        "short": 0.0,
        "long": 0.0,
        "spread": 0.0,
        "best": math.inf,
        "high": 0,
        "spikes": [],
        "jumping": False,
        "norm": 0.0,
        "norms": 0,
        "large": 0,
        "small": 0,
        "peak_rate": 0.0,
        "far": {},
        "epochs": [],
        "worse": 0,
    }


class Course:
    """Watches one run.

    Args:
        state: The training state, for what is looked at between epochs.
        total_steps: Length of the run, if known.
        custom: Whether the update is the user's own: its loss need not fall.
        chance: The loss of a guess, where there is such a number.
    """

    def __init__(
        self, state: TrainState, total_steps: int | None, *, custom: bool = False, chance: float | None = None
    ) -> None:
        self.state, self.total_steps, self.custom, self.chance = state, total_steps, custom, chance
        self.memory = fresh()
        self.rates: list[float] = []  # samples per second of this process's epochs: not part of the state
        self.slow = False

    def load(self, saved: Mapping[str, Any] | None) -> None:
        """Go on with what was saved; afresh if nothing was."""
        self.memory = {**fresh(), **copy.deepcopy(dict(saved or {}))}

    def saved(self) -> dict[str, Any]:
        """The state as plain data of its own: lists in it are replaced, never changed, so only the dict is copied."""
        return {**self.memory, "far": dict(self.memory["far"])}

    # ---- after an update ---------------------------------------------------------------------------------------

    def step(self, record: StepRecord, loss: float) -> list[Finding]:
        """Look at the loss of an update."""
        if record.skipped or self.custom or not math.isfinite(loss):
            return []
        m = self.memory
        count = m["count"] = m["count"] + 1
        if count <= FIRST:
            m["first"] += (loss - m["first"]) / count
            m["short"] = m["long"] = m["first"]
            m["spread"] = max(m["spread"], abs(loss - m["first"]))
            return []
        away = loss - m["long"]
        jumps = count > CALM and away > 8 * m["spread"] and loss > max(2 * m["long"], 0.5 * m["first"], 0)
        m["short"] += SHORT * (loss - m["short"])
        if not jumps:
            m["spread"] += LONG * (abs(away) - m["spread"])
        m["long"] += LONG * away
        short = m["short"]
        if short < m["best"]:
            m["best"], m["high"] = short, 0
            return []
        m["high"] = m["high"] + 1 if short > 3 * m["best"] and short > 1.5 * m["first"] else 0
        again, m["jumping"] = m["jumping"], jumps
        if jumps and not again:
            m["spikes"] = [*(at for at in m["spikes"] if at > count - 1000), count]
        if m["high"] >= 50 and m["best"] > 0:
            return self.say(
                "SB911", f"the loss was {m['best']:.3g} and is {short:.3g} now, more than at the beginning",
                "the training has left the region where it learned", "Lower optimizer.args.lr, add a warm-up, or set "
                "trainer.clip_norm to 1", best=m["best"], now=short, first=m["first"],
            )  # fmt: skip
        if len(m["spikes"]) >= 5:
            return self.say(
                "SB912", f"the loss jumped {len(m['spikes'])} times in {count - m['spikes'][0] + 1} updates",
                "single batches throw the weights far off", "Set trainer.clip_norm to 1, and look at these samples",
                loss=loss, usual=m["long"],
            )  # fmt: skip
        return []

    def logged(self, record: StepRecord) -> list[Finding]:
        """Look at the numbers of an update that is logged: gradient norm and size of the update."""
        if record.skipped:
            return []
        found: list[Finding] = []
        if record.grad_norm is not None:
            found += self._norm(float(record.grad_norm))
        self.memory["peak_rate"] = max(self.memory["peak_rate"], record.learning_rate)
        if record.learning_rate >= 0.1 * self.memory["peak_rate"]:
            for name, value in record.scalars.items():
                if name.startswith("update_ratio/"):
                    found += self._ratio(name.removeprefix("update_ratio/"), float(value), record.step)
        return found

    def _norm(self, norm: float) -> list[Finding]:
        m = self.memory
        if not math.isfinite(norm):
            return []
        usual, m["norms"] = m["norm"], m["norms"] + 1
        large = m["norms"] > IN_A_ROW and norm > 100 * usual and norm > 100
        m["large"] = m["large"] + 1 if large else 0
        m["small"] = m["small"] + 1 if norm < 1e-7 else 0
        if not large:
            m["norm"] += (norm - usual) / min(m["norms"], 20)
        if m["large"] >= 2:
            return self.say(
                "SB902", f"the gradient norm is {norm:.3g}; it was about {usual:.3g}",
                "updates of this size undo what was learned", "Lower optimizer.args.lr or trainer.clip_norm",
                norm=norm, usual=usual,
            )  # fmt: skip
        if m["small"] >= IN_A_ROW:
            return self.say(
                "SB903", f"the gradient norm is {norm:.2g} for the {IN_A_ROW}th logged update in a row",
                "nothing is learned from gradients of this size", "Look for dead units or saturated activations",
                norm=norm,
            )  # fmt: skip
        return []

    def _ratio(self, group: str, ratio: float, step: int) -> list[Finding]:
        low, high = 1e-6, 0.1
        far = self.memory["far"]
        outside = step > FIRST and math.isfinite(ratio) and not low <= ratio <= high
        far[group] = far.get(group, 0) + 1 if outside else 0
        if far[group] < IN_A_ROW:
            return []
        return self.say(
            "SB907", f"updates of {group} are {ratio:.2g} of the weights",
            "about 1e-3 is healthy: larger ones overwrite what was learned, smaller ones change nothing",
            f"{'Lower' if ratio > high else 'Raise'} optimizer.args.lr", ratio=ratio,
        )  # fmt: skip

    # ---- after an epoch ----------------------------------------------------------------------------------------

    def epoch(self, loss: float, metrics: Mapping[str, float], rate: float, seconds: float) -> list[Finding]:
        """Look at an epoch: its mean loss, the metrics where it was evaluated, samples per second, and its length."""
        m = self.memory
        val = metrics.get("val_loss")
        m["epochs"] = [*m["epochs"][-30:], [loss, math.nan if val is None else val]]
        found = [] if self.custom else self._stalled(loss)
        if val is not None:
            found += self._gap()
            if not math.isfinite(val):
                found += self.say(
                    "SB901", f"the validation loss is {val}", "the best weights can't be chosen by it",
                    "Look for NaN in the validation data, or numbers that are far too large", Severity.WARNING,
                )  # fmt: skip
        return [*found, *self._average(), *self.throughput(rate, seconds)]

    def _stalled(self, loss: float) -> list[Finding]:
        m = self.memory
        if len(m["epochs"]) < 3 or m["count"] < 200 or loss < 0.98 * m["first"]:
            return []
        guess = self.chance is not None and loss > 0.95 * self.chance
        return self.say(
            "SB905", f"the loss was {m['first']:.4g} in the first updates and is {loss:.4g} after {self.state.step}"
            + (f"; guessing gives {self.chance:.4g}" if guess else ""),
            "nothing has been learned", "Try another rate; look at inputs and labels; see whether one batch can be "
            "learned: trainer.overfit_batches=1", Severity.WARNING if guess else Severity.HINT,
            first=m["first"], now=loss,
        )  # fmt: skip

    def _gap(self) -> list[Finding]:
        seen = [(a, b) for a, b in self.memory["epochs"] if math.isfinite(b)]
        if len(seen) < IN_A_ROW + 1:
            return []
        last = seen[-IN_A_ROW - 1 :]
        rising = all(b < after for (_, b), (_, after) in pairwise(last))
        best = min(b for _, b in seen)
        if rising and last[-1][0] < last[0][0] and last[-1][1] > 1.2 * best > 0:
            return self.say(
                "SB906", f"the validation loss has risen {IN_A_ROW} times in a row, {best:.3g} to {last[-1][1]:.3g}, "
                "while the training loss falls", "the model learns its samples by heart", "Stop early "
                "(trainer.early_stop), add augmentation, dropout or weight decay, or use a smaller model",
                best=best, now=last[-1][1],
            )  # fmt: skip
        return []

    def _average(self) -> list[Finding]:
        state = self.state
        done = 0.0 if not self.total_steps else state.step / self.total_steps
        if state.ema is None or done < 0.5 or "SB810" in self.memory["said"]:
            return []
        far = distance(state)
        if far < 0.5:
            return []
        return self.say(
            "SB810", f"after {done:.0%} of the run the averaged weights are {far:.0%} away from the weights",
            "they are evaluated, and lag far behind", "Lower ema.decay, or set ema.power to 0.75", distance=far,
        )  # fmt: skip

    def throughput(self, rate: float, seconds: float) -> list[Finding]:
        """Compare the speed of an epoch with that of the epochs before it in this process."""
        self.rates = [*self.rates[-10:], rate]
        best = max(self.rates)
        if self.slow or len(self.rates) < 4 or seconds < 5 or not all(r < 0.4 * best for r in self.rates[-2:]):
            return []
        self.slow = True
        title = f"{rate:.0f} samples a second; it was {best:.0f}"
        why = "the machine is shared, too hot or short of memory, or reading the data has become slow"
        fix = "Look at memory and load; raise data.args.num_workers if the data are read from disk"
        evidence = {"now": round(rate), "best": round(best)}
        return [CHECKS["SB913"].finding(title, why=why, fix=fix, source="dynamic", evidence=evidence)]

    def say(
        self, code: str, title: str, why: str, fix: str, severity: Severity | None = None, **evidence: float
    ) -> list[Finding]:
        """The finding, if it was not made before in this run."""
        if code in self.memory["said"]:
            return []
        self.memory["said"] = [*self.memory["said"], code]
        fields = {} if severity is None else {"severity": severity}
        why = why[:1].upper() + why[1:]
        numbers = {key: float(f"{value:.4g}") for key, value in evidence.items()}
        made = CHECKS[code].finding(title, why=why, fix=fix, source="dynamic", evidence=numbers, **fields)
        return [made]


@torch.no_grad()
def distance(state: TrainState) -> float:
    """|average - weights| / |weights| over all parameters."""
    assert state.ema is not None
    pairs = zip(state.ema.module.parameters(), state.model.parameters(), strict=True)
    both = [(a.detach(), w.detach()) for a, w in pairs if w.is_floating_point()]
    if not both:
        return 0.0
    away = torch.stack([(a.to(w.device) - w).float().square().sum() for a, w in both]).sum().sqrt()
    size = torch.stack([w.float().square().sum() for _, w in both]).sum().sqrt()
    return float(away / size) if float(size) > 0 else 0.0


def watch(training: Training) -> Course:
    """The monitors of a training."""
    state = training.job.state
    classes = training.data.info.get("num_classes")
    guesses = isinstance(state.objective, Classification) and state.objective.loss == "cross_entropy"
    chance = math.log(classes) if guesses and isinstance(classes, int) and classes > 1 else None
    return Course(state, training.job.total_steps, custom=not is_plain(training.job.train_step), chance=chance)

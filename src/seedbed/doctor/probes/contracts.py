"""What each loss expects of its input, checked on the values that it really got."""

from __future__ import annotations

import math
from collections.abc import Iterator
from math import prod
from typing import Any

from torch import nn

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import LossCall
from seedbed.doctor.observe.site import Site
from seedbed.doctor.observe.source import last_call
from seedbed.doctor.probes.view import Run, number, report

Seen = dict[str, Any]
REGRESSION = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
LONG = {
    "cross_entropy": "CrossEntropyLoss", "nll_loss": "NLLLoss", "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss", "kl_div": "KLDivLoss", "mse_loss": "MSELoss",
}  # fmt: skip


def probe(run: Run) -> Iterator[Finding]:
    """Report losses that are fed something else than they expect."""
    groups: dict[tuple[str, Site | None], list[LossCall]] = {}
    for call in sorted(run.record.losses, key=lambda c: not c.training):
        groups.setdefault((call.name, call.site), []).append(call)
    done: set[str] = set()
    for (name, site), calls in groups.items():
        if run.record.num_backwards and len(calls) == 1 and not calls[0].training:
            continue  # numbers made up to try the loss once; nothing is learnt by it
        for finding in _judge(name, site, [c.seen for c in calls if "low" in c.seen], calls):
            if finding.code in ("SB218", "SB243") and _vocabulary(run, finding.evidence.get("outputs")):
                continue  # a few batches of text do not use every token, and a marker may be no target
            if finding.code not in done:
                done.add(finding.code)
                yield finding


def _vocabulary(run: Run, size: Any) -> bool:
    """Whether a model reads tokens of as many kinds as it gives scores for."""
    roots = (root.module for root in run.record.roots.values())
    return any(isinstance(m, nn.Embedding) and m.num_embeddings == size for r in roots for m in r.modules())


def _judge(name: str, site: Site | None, seen: list[Seen], calls: list[LossCall]) -> Iterator[Finding]:
    if not seen:
        return
    if name == "cross_entropy":
        yield from _cross_entropy(site, seen)
    elif name == "nll_loss":
        yield from _nll(site, seen)
    elif name == "kl_div":
        yield from _kl(site, seen)
    elif name == "ctc_loss":
        share = max((s.get("blanks", 0.0) for s in seen), default=0.0)
        if share > 0.005:
            yield report(
                "SB271", f"the CTC blank is a real symbol: {share:.0%} of the target symbols have the blank's index "
                f"({seen[0].get('blank', 0)}), so CTCLoss can never emit that letter (class)",
                last_call(site, ("CTCLoss",)), "Reserve an index for the blank, or shift the labels by one.",
                share=share,
            )  # fmt: skip
    elif name == "poisson_nll_loss":
        yield from _poisson(site, seen)
    elif name.startswith("binary"):
        yield from _binary(name, site, seen)
    elif name in REGRESSION:
        yield from _regression(name, site, seen, calls)
    elif name in ("cosine_embedding_loss", "margin_ranking_loss", "hinge_embedding_loss", "soft_margin_loss"):
        low, high = min(s.get("target_low", -1) for s in seen), max(s.get("target_high", 1) for s in seen)
        if low == 0 and high == 1:
            yield report(
                "SB242", f"{name} expects targets 1 and -1, but it gets 0 and 1: the pairs with 0 do not count", site,
                "Write 2 * target - 1.", low=low, high=high,
            )  # fmt: skip


def _are_probabilities(seen: list[Seen]) -> bool:
    return all(
        s["low"] >= -1e-6 and s["high"] <= 1 + 1e-6 and "sum_low" in s
        and abs(s["sum_low"] - 1) < 2e-3 and abs(s["sum_high"] - 1) < 2e-3 and s.get("classes", 2) > 1
        for s in seen
    )  # fmt: skip


def _range(seen: list[Seen]) -> tuple[float, float]:
    return min(s["low"] for s in seen), max(s["high"] for s in seen)


def _cross_entropy(site: Site | None, seen: list[Seen]) -> Iterator[Finding]:
    low, high = _range(seen)
    makers = {s["maker"] for s in seen}
    if _are_probabilities(seen) or makers == {"Softmax"}:
        yield report(
            "SB201",
            f"CrossEntropyLoss (cross_entropy) got softmax output: every row of its input sums to 1.000 (min "
            f"{number(low)}, max {number(high)}), but it expects raw logits",
            last_call(site, ("softmax", "Softmax")), "Pass the raw scores: delete the softmax.",
            "It applies log-softmax itself, so the gradient is squashed and training stalls at a higher loss.",
            low=low, high=high, row_sum=1.0,
        )  # fmt: skip
    elif makers == {"Sigmoid"}:
        yield report(
            "SB201",
            f"sigmoid before CrossEntropyLoss (cross_entropy): its input lies in {number(low)}..{number(high)}, but it "
            "expects raw logits and applies softmax itself",
            last_call(site, ("sigmoid", "Sigmoid")), "Pass the raw scores: delete the sigmoid.", low=low, high=high,
        )  # fmt: skip
    elif makers == {"Relu"} and low >= 0 and all(s["zeros"] > 0.05 for s in seen):
        yield _rectified(site, seen, "CrossEntropyLoss")
    classes = seen[0].get("classes", 0)
    if all(s.get("last_axis") for s in seen):
        yield report(
            "SB247", f"the class axis is not where CrossEntropyLoss expects it: its input {seen[0]['shape']} "
            "comes from a "
            "linear layer, so the classes are on the last axis, but the loss reads them on axis 1; view() mixes "
            "them, it "
            "needs permute/transpose", site, "Pass logits.transpose(1, 2), or flatten to (N*T, C).",
            shape=seen[0]["shape"],
        )  # fmt: skip
    if classes == 1 and all(s.get("classes") == 1 for s in seen):
        yield report(
            "SB217", "cross-entropy over a single output is constant: the input has shape "
            f"{seen[0]['shape']}, so the loss is always 0 and nothing trains", site,
            "Give the model one output per class, or use BCEWithLogitsLoss.", shape=seen[0]["shape"],
        )  # fmt: skip
    sums = [] if classes == 1 else [(s["target_sum_low"], s["target_sum_high"]) for s in seen if "target_sum_low" in s]
    if sums and (max(h for _, h in sums) > 1.01 or min(l for l, _ in sums) < 0.99):
        yield report(
            "SB248",
            f"CrossEntropyLoss got targets whose rows sum to {number(min(l for l, _ in sums))}.."
            f"{number(max(h for _, h in sums))} instead of 1: several labels per sample need BCEWithLogitsLoss",
            site, "Use BCEWithLogitsLoss for multi-label targets, or make each target row sum to 1.",
        )  # fmt: skip
    yield from _labels(site, seen, classes)


def _labels(site: Site | None, seen: list[Seen], classes: int) -> Iterator[Finding]:
    counts: dict[float, int] = {}
    for s in seen:
        for label, times in s.get("counts", {}).items():
            if label != s.get("ignore_index", -100):
                counts[label] = counts.get(label, 0) + times
    total = sum(counts.values())
    if not counts or total < 50 or not 2 <= classes <= 50:
        return
    yield from _class_weights(site, seen, counts)
    if classes == 2:
        return
    low, high = min(counts), max(counts)
    if (
        seen[0].get("ignore_index") != 0
        and low == 1
        and high == classes - 1
        and len(counts) == classes - 1
        and total > 20 * classes
    ):
        yield report(
            "SB243", f"labels do not start at 0: {total} targets lie in {low:.0f}..{high:.0f} and class 0 of {classes} "
            "never occurs", site, "Subtract 1 from the labels.", low=low, high=high, outputs=classes,
        )  # fmt: skip
    elif high + 1 <= classes / 2 and total >= 150:
        yield report(
            "SB218", f"the number of outputs does not fit the number of classes: {classes} outputs, but the {total} "
            f"targets only use {len(counts)} classes (up to {high:.0f})", site,
            "Give the last layer one output per class.", outputs=classes, classes=len(counts),
        )  # fmt: skip


def _class_weights(site: Site | None, seen: list[Seen], counts: dict[float, int]) -> Iterator[Finding]:
    weight = seen[0].get("weight")
    if isinstance(weight, list) and len(weight) >= len(counts) >= 2:
        if _in_other_order(weight, counts):
            given = ", ".join(number(w) for w in weight[:6])
            seen_counts = ", ".join(str(counts.get(float(k), 0)) for k in range(len(weight))[:6])
            place = last_call(site, ("CrossEntropyLoss", "NLLLoss"))
            yield report(
                "SB258", f"the class weights are in the wrong order: ({given}) belong to the class counts "
                f"({seen_counts}) only after sorting, so each weight goes to the wrong class (a Counter or "
                "value_counts gives insertion or frequency order, not class index order)", place,
                "Write [counts[k] for k in range(num_classes)].", weights=weight[:6],
            )  # fmt: skip
            return
        often, rare = max(counts, key=lambda k: counts[k]), min(counts, key=lambda k: counts[k])
        if counts[often] > 1.5 * counts[rare] and weight[int(often)] > 1.2 * weight[int(rare)]:
            yield report(
                "SB233", f"class weights favour the frequent class: class {often:.0f} ({counts[often]} samples) has "
                f"weight {number(weight[int(often)])}, class {rare:.0f} ({counts[rare]} samples) has "
                f"{number(weight[int(rare)])}", site, "Weight each class by the inverse of its frequency.",
                often=counts[often], rare=counts[rare],
            )  # fmt: skip


def _in_other_order(weight: list[float], counts: dict[float, int]) -> bool:
    """Say whether weights are the inverse frequencies of the classes, but not in the order of the classes."""
    size = [counts.get(float(k), 0) for k in range(len(weight))]
    if min(size) < 8 or max(size) < 1.5 * min(size) or min(weight) <= 0:
        return False
    own = [math.log(w * n) for w, n in zip(weight, size, strict=True)]
    sorted_pairs = zip(sorted(weight), sorted(size, reverse=True), strict=True)
    best = [math.log(w * n) for w, n in sorted_pairs]
    return max(best) - min(best) < 0.4 and max(own) - min(own) > 1.0


def _rectified(site: Site | None, seen: list[Seen], name: str) -> Finding:
    share = sum(s["zeros"] for s in seen) / len(seen)
    return report(
        "SB213", f"ReLU on the output before {name}: {share:.0%} of the scores are exactly 0 and none is negative, so "
        "these logits get no gradient", last_call(site, ("relu", "ReLU")), "Delete the ReLU after the last "
        "layer.", zeros=share,
    )  # fmt: skip


def _nll(site: Site | None, seen: list[Seen]) -> Iterator[Finding]:
    if all(abs(s["lse_low"]) < 1e-2 and abs(s["lse_high"]) < 1e-2 for s in seen):
        return
    low, high = _range(seen)
    what = "probabilities (softmax output)" if _are_probabilities(seen) else "raw logits"
    words = ("softmax", "Softmax") if _are_probabilities(seen) else ("nll_loss", "NLLLoss")
    yield report(
        "SB205", f"NLLLoss (nll_loss) expects log-probabilities from log_softmax, but it gets {what}: values in "
        f"{number(low)}..{number(high)}", last_call(site, words),
        "Apply log_softmax over the classes first, or use cross_entropy on the raw logits.", low=low, high=high,
    )  # fmt: skip


def _kl(site: Site | None, seen: list[Seen]) -> Iterator[Finding]:
    low, high = _range(seen)
    if all(s.get("target_grad") and not s["input_grad"] for s in seen):
        yield report(
            "SB211", "kl_div gets its arguments in the wrong order: the prediction (with gradient) stands in the place "
            "of the target", site, "Write kl_div(log_prediction, target).",
        )  # fmt: skip
    elif (
        any(abs(s["lse_low"]) > 1e-2 or abs(s["lse_high"]) > 1e-2 for s in seen)
        and max(s.get("classes", 2) for s in seen) > 1
    ):
        what = "probabilities" if _are_probabilities(seen) else "raw values"
        yield report(
            "SB206", f"KLDivLoss (kl_div) expects log-probabilities as its input, but it gets {what}: values in "
            f"{number(low)}..{number(high)}", site, "Pass log_softmax of the scores.", low=low, high=high,
        )  # fmt: skip
    elif not seen[0].get("log_target") and min(s.get("target_low", 0.0) for s in seen) < -1e-4:
        yield report(
            "SB206", "kl_div gets log-probabilities as its target without log_target=True", site,
            "Pass probabilities, or set log_target=True.",
        )  # fmt: skip
    if all(s["reduction"] == "mean" for s in seen):
        yield report(
            "SB207", f"kl_div with reduction='mean' is not the KL divergence: it also divides by the "
            f"{seen[0].get('classes')} classes", site, "Use reduction='batchmean'.",
        )  # fmt: skip


def _poisson(site: Site | None, seen: list[Seen]) -> Iterator[Finding]:
    makers = {s["maker"] for s in seen}
    if makers <= {"Exp", "Softplus", "Relu"} and all(s.get("log_input") for s in seen):
        yield report(
            "SB251", f"PoissonNLLLoss gets a rate ({', '.join(makers).lower()} of the scores), but with "
            "log_input=True it "
            "expects the log of the rate and applies exp itself", site,
            "Pass the raw scores, or set log_input=False.",
        )  # fmt: skip


def _binary(name: str, site: Site | None, seen: list[Seen]) -> Iterator[Finding]:
    low, high = _range(seen)
    title = LONG[name]
    makers = {s["maker"] for s in seen}
    if name.endswith("with_logits"):
        if makers <= {"Sigmoid", "Softmax"} and low >= 0 and high <= 1:
            yield report(
                "SB203", f"sigmoid before BCEWithLogitsLoss (binary_cross_entropy_with_logits): its input lies in "
                f"{number(low)}..{number(high)}; it expects raw logits, so sigmoid is applied twice",
                last_call(site, ("sigmoid", "Sigmoid")), "Delete the sigmoid, or use BCELoss.", low=low, high=high,
            )  # fmt: skip
        elif makers == {"Relu"} and low >= 0 and all(s["zeros"] > 0.05 for s in seen):
            yield _rectified(site, seen, title)
    elif makers & {"Clamp", "Relu", "Addmm"}:
        yield report(
            "SB204", f"BCELoss gets raw logits: its input was made without a sigmoid (values {number(low)}.."
            f"{number(high)})", last_call(site, ("clamp", "clip", "relu")), "Use BCEWithLogitsLoss on the raw "
            "scores.", low=low, high=high,
        )  # fmt: skip
    if all(s.get("target_grad") and not s["input_grad"] for s in seen):
        yield report(
            "SB211", f"{title} gets target and prediction in the wrong order: the second argument has the gradient",
            site, "Write loss(prediction, target).",
        )  # fmt: skip
    t_low, t_high = min(s.get("target_low", 0) for s in seen), max(s.get("target_high", 1) for s in seen)
    if t_low < -1e-6 or t_high > 1 + 1e-6:
        yield report(
            "SB242", f"binary targets are not in 0..1: {title} gets targets from {number(t_low)} to {number(t_high)}",
            site, "Map the targets to 0 and 1.", low=t_low, high=t_high,
        )  # fmt: skip
    yield from _positive_weight(site, seen)


def _positive_weight(site: Site | None, seen: list[Seen]) -> Iterator[Finding]:
    weight = seen[0].get("pos_weight")
    if not isinstance(weight, list) or len(weight) != 1:
        return
    ones = sum(s.get("counts", {}).get(1.0, 0) for s in seen)
    zeros = sum(s.get("counts", {}).get(0.0, 0) for s in seen)
    if ones + zeros >= 50 and ((ones * 1.5 < zeros and weight[0] < 0.8) or (ones > 1.5 * zeros and weight[0] > 1.25)):
        yield report(
            "SB233", f"pos_weight={number(weight[0])} favours the frequent class: {ones} positives, {zeros} negatives",
            site, "Use the number of negatives divided by the number of positives.", positives=ones, negatives=zeros,
        )  # fmt: skip


def _regression(name: str, site: Site | None, seen: list[Seen], calls: list[LossCall]) -> Iterator[Finding]:
    clash = [s for s in seen if "target_shape" in s and _broadcasts(s["shape"], s["target_shape"])]
    if clash:
        s = clash[0]
        training = any(c.training for c in calls)
        yield report(
            "SB210" if training else "SB317",
            f"{name} gets shapes {s['shape']} and {s['target_shape']}, which broadcast to a matrix of all pairs: the "
            "loss compares every prediction with every target",
            site, "Give both the same shape: target.unsqueeze(1) or prediction.squeeze(1).",
            input=s["shape"], target=s["target_shape"],
        )  # fmt: skip
    train = [s for s, c in zip(seen, [c for c in calls if "low" in c.seen], strict=True) if c.training]
    if not train:
        return
    makers = {s["maker"] for s in train}
    if makers <= {"Round", "Sign", "Floor", "Ceil"}:
        yield report(
            "SB237", f"the prediction is rounded before the loss ({', '.join(makers).lower()}): its gradient is zero "
            "everywhere, so the model cannot learn", last_call(site, ("round", "sign", "floor", "ceil")),
            "Round only for reporting.",
        )  # fmt: skip
    t_low = min(s.get("target_low", 0.0) for s in train)
    t_high = max(s.get("target_high", 0.0) for s in train)
    limits = {"Sigmoid": (0.0, 1.0), "Softmax": (0.0, 1.0), "Tanh": (-1.0, 1.0), "Relu": (0.0, float("inf"))}
    for maker, (low, high) in limits.items():
        margin = 0.15 * (t_high - t_low)
        if makers == {maker} and (t_low < low - margin or t_high > high + margin):
            yield report(
                "SB212", f"the output activation {maker.lower()} cannot reach the targets: it gives "
                f"{number(low)}..{number(high)}, the targets lie in {number(t_low)}..{number(t_high)}",
                last_call(site, (maker.lower(), maker, "ReLU")), f"Delete the {maker.lower()} after the last layer.",
                low=t_low, high=t_high,
            )  # fmt: skip


def _broadcasts(one: tuple[int, ...], two: tuple[int, ...]) -> bool:
    if one == two or not one or not two:
        return False
    return len(one) != len(two) and prod(one) == prod(two) and prod(one) > 1 and max(one) == max(two)

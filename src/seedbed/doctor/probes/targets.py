"""Targets of language models: shifted by one, padding not counted."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.pairs import Pair
from seedbed.doctor.observe.shapes import trailing_padding
from seedbed.doctor.observe.source import last_call
from seedbed.doctor.probes.view import Run, report


def probe(run: Run) -> Iterator[Finding]:
    """Report targets that equal the inputs, and padding that counts."""
    tables = [m for root in run.record.roots.values() for m in root.module.modules() if isinstance(m, nn.Embedding)]
    pairs = [p for p in run.recorder.pairs.split(True) if p.tokens and p.loss.name in ("cross_entropy", "nll_loss")]
    same = [p for p in pairs if p.targets.numel() == p.inputs.numel() and p.inputs.shape[1] >= 4]
    equal = [p for p in same if torch.equal(p.targets.flatten(), p.inputs.flatten())]
    if len(equal) >= 2 and len(equal) == len(same):
        yield report(
            "SB224", f"language-model targets are not shifted: in all {len(equal)} batches looked at the target "
            "of each "
            "position is the input token itself, so the model learns to copy", equal[0].loss.site,
            "Use inputs = tokens[:, :-1] and targets = tokens[:, 1:].", batches=len(equal),
        )  # fmt: skip
    yield from _tagged_padding(pairs, tables)
    for pair in pairs[:50]:
        classes, ignored = pair.loss.seen.get("classes"), pair.loss.seen.get("ignore_index", -100)
        for table in tables:
            pad = table.padding_idx
            if pad is None or table.num_embeddings != classes or ignored == pad or pair.targets.ndim != 2:
                continue
            run_of = trailing_padding(pair.targets, pad)
            if run_of is not None and float(run_of.float().mean()) > 0.02:
                yield report(
                    "SB225", f"padding counts in the loss: {float(run_of.float().mean()):.0%} of the targets are the "
                    f"padding id {pad}, and ignore_index is "
                    f"{ignored}", last_call(pair.loss.site, ("CrossEntropyLoss", "NLLLoss")),
                    f"Write CrossEntropyLoss(ignore_index={pad}).", padding=float(run_of.float().mean()),
                )  # fmt: skip
                return


def _tagged_padding(pairs: list[Pair], tables: list[nn.Embedding]) -> Iterator[Finding]:
    """Labels of padding tokens that all have one value, which the loss does not ignore."""
    for pad in sorted({int(t.padding_idx) for t in tables if t.padding_idx is not None}):
        hits = [(pair, share) for pair in pairs[:50] if (share := _counted(pair, pad)) is not None]
        if len(hits) >= 3:
            pair, share = hits[0]
            yield report(
                "SB225", f"padding counts in the loss: {share:.0%} of the positions are padding (token id {pad}), "
                f"their padded targets are trained on too, because ignore_index is "
                f"{pair.loss.seen.get('ignore_index', -100)}",
                last_call(pair.loss.site, ("CrossEntropyLoss", "NLLLoss")),
                "Give the padded targets the value of ignore_index (-100), or pass it.", padding=share,
            )  # fmt: skip
            return


def _counted(pair: Pair, pad: int) -> float | None:
    """Return the share of padding positions whose one target value counts, ``None`` when nothing is wrong."""
    seen = pair.loss.seen
    if pair.targets.ndim != 2 or pair.targets.shape != pair.inputs.shape or seen.get("reduction") == "none":
        return None
    run_of = trailing_padding(pair.inputs, pad)
    if run_of is None or float(run_of.float().mean()) < 0.03:
        return None
    values = pair.targets[run_of].unique()
    weight = seen.get("weight")
    value = int(values[0])
    unweighted = not isinstance(weight, list) or not 0 <= value < len(weight) or weight[value] > 0
    ignored = seen.get("ignore_index", -100) == value
    return float(run_of.float().mean()) if values.numel() == 1 and not ignored and unweighted else None

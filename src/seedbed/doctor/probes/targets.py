"""Targets of language models: shifted by one, padding not counted."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from seedbed.doctor.finding import Finding
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

"""Softmax over the wrong axis, masks that do not mask, attention that is not scaled."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.observe.source import last_call
from seedbed.doctor.probes.view import Run, number, report


def probe(run: Run) -> Iterator[Finding]:
    """Report misuse of softmax and masks."""
    yield from _softmax(run)
    yield from _masks(run)


def _softmax(run: Run) -> Iterator[Finding]:
    noted = run.record.noted
    for note in noted("softmax-dim0"):
        shape, batch = note.last["shape"], note.last["batch"]
        if (not batch or batch == shape[0]) and not _time_first(run):
            yield report(
                "SB208", f"softmax over the wrong dim: dim=0 of shape {shape} normalises over the batch, so the "
                "samples "
                "of a batch compete", note.site, "Use dim=1 (or dim=-1).", shape=shape,
            )  # fmt: skip
    for note in noted("softmax-attention-axis"):
        yield report(
            "SB208", f"softmax over the wrong dim: dim={note.first['dim']} of attention scores {note.first['shape']}; "
            "the weights of one query do not sum to 1 over the keys", note.site, "Use dim=-1.", **note.first,
        )  # fmt: skip
    for note in noted("softmax-twice"):
        yield report(
            "SB517", f"softmax is applied twice: its input is already the output of {note.first['before']}", note.site,
            "Delete one of the two.", shape=note.first["shape"],
        )  # fmt: skip
    for note in noted("sigmoid-twice"):
        yield report(
            "SB203", f"sigmoid is applied twice: its input is already the output of {note.first['before']}", note.site,
            "Delete one of the two.", shape=note.first["shape"],
        )  # fmt: skip
    for note in noted("softmax-single"):
        if note.count >= 2:
            yield report(
                "SB217", f"softmax over a single output is constant: dim {note.first['dim']} of {note.first['shape']} "
                "has size 1, so the result is always 1", note.site, "Use sigmoid, or softmax over the right dim.",
                shape=note.first["shape"],
            )  # fmt: skip


def _masks(run: Run) -> Iterator[Finding]:
    noted = run.record.noted
    for note in noted("masked-queries"):
        if note.count >= 2:
            yield report(
                "SB285", f"the padding mask lies along the query axis: in {note.first['samples']} samples of attention "
                f"scores {note.first['shape']} whole rows are masked, and padded keys still get attention from all "
                "other queries", last_call(note.site, ("masked_fill", "masked_fill_", "where")) or note.site,
                "Broadcast the mask over the queries: pad.unsqueeze(1), or pad[:, None, None, :] with heads.",
                **note.first,
            )  # fmt: skip
    for note in noted("masked-with-small-value"):
        yield report(
            "SB235", f"the mask is applied with {number(note.first['value'])} before softmax: masked scores must be "
            "-inf, exp(0) = 1 still gives them weight", note.site, "Use masked_fill(mask, float('-inf')).",
            value=note.first["value"],
        )  # fmt: skip
    for note in noted("mask-after-softmax"):
        yield report(
            "SB235", "the mask is applied after softmax: the remaining attention weights do not sum to 1", note.site,
            "Fill the scores with -inf before softmax.", shape=note.first["shape"], severity=Severity.WARNING,
        )  # fmt: skip
    for note in noted("float-mask"):
        yield report(
            "SB235", "attention gets a float mask of 0 and 1: a float mask is added to the scores, so nothing is "
            "masked", note.site, "Pass a bool mask, or 0 and -inf.", shape=note.first["shape"],
        )  # fmt: skip
    for note in noted("inverted-mask"):
        yield report(
            "SB226", "key_padding_mask is the wrong way round: True marks the real tokens, but it must mark the "
            "padding that attention ignores", note.site, "Invert it: tokens == padding_idx.", **note.first,
        )  # fmt: skip
    for note in noted("unscaled-scores"):
        if note.count >= 2:
            yield report(
                "SB222", f"attention scores are not divided by sqrt(d): queries and keys have width "
                f"{note.first['width']}, the scores have a standard deviation of {number(note.first['spread'])}",
                note.site, f"Divide by {number(note.first['width'] ** 0.5)} (sqrt(d)) before softmax.", **note.first,
            )  # fmt: skip


def _time_first(run: Run) -> bool:
    """Say whether a recurrent layer takes the steps first: then the first axis need not be that of the samples."""
    modules = [m for root in run.record.roots.values() for m in root.module.modules()]
    return any(isinstance(m, nn.RNNBase) and not m.batch_first for m in modules)

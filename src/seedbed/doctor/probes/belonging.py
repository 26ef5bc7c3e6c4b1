"""Targets that belong to other samples, to the disturbed input, or to another time step."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.site import Site
from seedbed.doctor.observe.source import find_calls
from seedbed.doctor.probes.view import Run, report

MIXING = ("repeat", "tile", "randperm", "permutation", "shuffle", "argsort", "sort", "flip", "roll", "chunk")


def probe(run: Run) -> Iterator[Finding]:
    """Report targets that no longer fit their inputs."""
    memory = run.recorder.pairs.belonging
    wrong = [m for m in memory.wrong if m.forward not in memory.right]
    if len({m.forward for m in wrong}) >= 2:
        first = wrong[0]
        tiled = all(m.tiled for m in wrong)
        how = (
            "the labels are repeated block by block (repeat), the inputs sample by sample (repeat_interleave)"
            if tiled else "inputs or labels were put into another order, the other one was not"
        )  # fmt: skip
        yield report(
            "SB920", f"labels do not match their inputs (misaligned): in {len(wrong)} batches {first.wrong:.0%} of the "
            f"rows get the label of another sample; {how}", _mixing_line(first.site, tiled),
            "Use repeat_interleave for the labels." if tiled else "Apply the same index to inputs and labels.",
            "What the loader gave together no longer meets in the loss.", wrong=first.wrong, batch=first.batch,
        )  # fmt: skip
    if len(memory.noisy) >= 3:
        site, kind = memory.noisy[0]
        what = "noise added" if kind == "noise" else "values erased"
        yield report(
            "SB283", f"the target is the noisy input itself: the model's input is the batch with {what}, and the loss "
            "compares the output with that corrupted input, not with the clean batch, so nothing is denoised", site,
            "Pass the clean batch as the target.", batches=len(memory.noisy),
        )  # fmt: skip
    yield from _ahead(run)
    yield from _unmasked(run)


def _unmasked(run: Run) -> Iterator[Finding]:
    """One table of all rows, a mask for the test rows, and a loss over everything."""
    for note in run.record.noted("masked-rows"):
        rows, picked = note.first["rows"], note.first["picked"]
        calls = [c for c in run.record.losses if c.training and c.seen.get("target_shape", ()) == (rows,)]
        whole = [f for f in run.training_forwards if f.batch == rows]
        same = {f.rows for f in whole} & {f.rows for f in run.evaluations if f.rows}
        if 0 < picked < rows and len(calls) >= 3 and len(whole) == len(run.training_forwards) and same:
            yield report(
                "SB290", f"the loss covers all {rows} rows (nodes), {picked} of which the evaluation picks out with a "
                "mask: the training mask (train_mask) is missing in the loss, so the test labels leak into training",
                calls[0].site, "Write loss(out[train_mask], y[train_mask]).", rows=rows, picked=picked,
            )  # fmt: skip
            return


def _mixing_line(site: Site | None, tiled: bool) -> Site | None:
    """Return the only line of the script that can have exchanged rows, else the line of the loss."""
    lines = find_calls(site.file, ("repeat", "tile") if tiled else MIXING) if site is not None else []
    return Site(site.file, lines[0]) if site is not None and len(lines) == 1 else site


def _ahead(run: Run) -> Iterator[Finding]:
    noted = run.record.noted
    if noted("ahead-1") or noted("ahead-0"):
        return
    for kind in ("ahead-2", "ahead-3"):
        for note in noted(kind):
            if note.count >= 2:
                ahead = note.first["ahead"]
                yield report(
                    "SB286", f"the targets are shifted twice: each is {ahead} tokens ahead of the input at its "
                    f"position (off by {ahead - 1}), so the model learns to predict the token after next, {ahead} "
                    "steps ahead", note.site,
                    "Shift the labels by one in one place only: in the data or in the loss.", ahead=ahead,
                )  # fmt: skip
                return

"""Copies of a model: averages, shallow copies, state dicts that go on changing, loads that load nothing."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.observe.copies import stale_buffers
from seedbed.doctor.observe.source import only_call
from seedbed.doctor.probes.view import Run, number, report


def probe(run: Run) -> Iterator[Finding]:
    """Report copies that share memory, averages with swapped weights or stale buffers, and partial loads."""
    yield from _live(run)
    for note in run.record.noted("shallow-copy"):
        if run.record.steps:
            yield report(
                "SB602", f"copy.copy() of {note.first['kind']} is a shallow copy: it shares its weights with "
                "the model, "
                "so both change together", note.site, "Use copy.deepcopy(model).",
            )  # fmt: skip
    for average in run.recorder.copies.averages:
        if len(average.shares) >= 3 and 0.7 < median(average.shares) < 0.9999:
            share = median(average.shares)
            yield report(
                "SB603", "the moving average (EMA) is weighted the wrong way round, or its decay is overwritten: each "
                f"update moves it {share:.1%} of "
                "the way to the model, so it is hardly an average", only_call(average.site, ("lerp_", "mul_", "copy_")),
                "Write average = decay * average + (1 - decay) * weight.", share=share,
            )  # fmt: skip
        still = average.still >= 8 and not average.moved
        name = _name_of(run, average.module())
        if still and any(w in name for w in ("ema", "average", "avg", "shadow", "swa", "polyak", "slow")):
            yield report(
                "SB605", f"the moving average (EMA) is never updated: its weights are the same after "
                f"{run.record.steps} optimizer steps, so its evaluation shows the initial model", average.site,
                "Update it after every optimizer step.", steps=run.record.steps,
            )  # fmt: skip
        if len(average.shares) + average.copied >= 3 or average.moved >= 2:
            stale = stale_buffers(average)
            if stale is not None and _evaluated(run, average.module()):
                yield report(
                    "SB604", f"the averaged model's buffers are never updated: BatchNorm {stale[0]} of the EMA "
                    "copy has "
                    f"running statistics that are {stale[1]} batches old, and it is evaluated with them", average.site,
                    "Copy the buffers too, or recompute them with update_bn.", batches=stale[1],
                )  # fmt: skip
    for note in run.record.noted("partial-load"):
        seen = note.first
        loaded = seen["keys"] - seen["missing"]
        if loaded <= 0 or (seen["unexpected"] and seen["missing"] >= 0.5 * seen["keys"]):
            yield report(
                "SB614" if loaded <= 0 else "SB606",
                f"load_state_dict(strict=False) loaded {max(loaded, 0)} of {seen['keys']} keys: {seen['missing']} are "
                f"missing and {seen['unexpected']} unexpected, for example {', '.join(map(repr, seen['examples']))}",
                note.site, "Rename the keys (often a prefix such as 'module.') and load with strict=True.",
                loaded=loaded, missing=seen["missing"], unexpected=seen["unexpected"],
            )  # fmt: skip
        elif seen["unexpected"] and seen["missing"]:
            yield report(
                "SB606", f"load_state_dict(strict=False) hides keys that did not load: {seen['missing']} missing, "
                f"{seen['unexpected']} unexpected of {seen['keys']} ({', '.join(map(repr, seen['examples']))})",
                note.site, "Look at the returned missing_keys and unexpected_keys.",
                missing=number(seen["missing"]), severity=Severity.HINT,
            )  # fmt: skip


def _live(run: Run) -> Iterator[Finding]:
    """Report kept weights that training went on changing."""
    for note in run.record.noted("live-state"):
        if note.first["how"] == "copy_()":
            yield report(
                "SB601", "the kept weights are the live weights themselves: copy_() puts a parameter onto its own "
                "memory, because what was kept is a reference (detach() and .data do not copy), which training went "
                "on changing", note.site, "Keep p.detach().clone(), or copy.deepcopy(model.state_dict()).",
            )  # fmt: skip
            continue
        yield report(
            "SB601", f"state_dict() is kept by reference: {note.first['steps']} optimizer steps later "
            f"{note.first['how']} uses it, but its tensors are the live weights and have changed with them", note.site,
            "Keep copy.deepcopy(model.state_dict()), or clone each tensor.", steps_later=note.first["steps"],
        )  # fmt: skip


def _name_of(run: Run, module: object) -> str:
    for key, root in run.record.roots.items():
        if root.module is module:
            return " ".join([root.name, *{f.text for f in run.record.forwards if f.root == key}]).lower()
    return ""


def _evaluated(run: Run, module: object) -> bool:
    keys = {key for key, root in run.record.roots.items() if root.module is module or id(module) in root.members}
    return any(f.root in keys and not f.training for f in run.record.forwards)

"""Gradient clipping: at the right moment, and on the right parameters?"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.site import Site
from seedbed.doctor.probes.view import Run, number, report

CURE = "Clip between backward() and step()."


def probe(run: Run) -> Iterator[Finding]:
    """Report clipping that comes too late, too early, on scaled gradients, or on other parameters."""
    touched: set[Site | None] = set()
    for optimizer in run.stepped:
        good = sum(optimizer.clip_good.values())
        touched.update(*(s for s in (optimizer.clip_good, optimizer.clip_late, optimizer.clip_early)))
        for sites, code, text in (
            (optimizer.clip_late, "SB106", "gradients are clipped after optimizer.step(): the step used the raw ones"),
            (optimizer.clip_early, "SB107", "gradients are clipped before backward() has made them"),
        ):
            if sum(sites.values()) >= 2 and not good:
                site, count = sites.most_common(1)[0]
                yield report(code, f"{text} (all of {count} clipping calls)", site, CURE, calls=count)
        if sum(optimizer.clip_scaled.values()) >= 2:
            site, count = optimizer.clip_scaled.most_common(1)[0]
            yield report(
                "SB108",
                "gradients are clipped while still multiplied by the loss scale: scaler.unscale_(optimizer) is missing "
                "before clipping",
                site, "Call scaler.unscale_(optimizer) before clip_grad_norm_().", calls=count,
            )  # fmt: skip
    for note in run.record.noted("clip"):
        if note.count >= 2 and note.site not in touched and run.stepped:
            what = "an empty list of parameters" if not note.last["params"] else "parameters that no optimizer steps"
            yield report(
                "SB138",
                f"clipping touches {what}: gradients of the trained model are never clipped "
                f"(total norm {number(note.last['norm'] or 0.0)})",
                note.site, "Pass model.parameters() of the model that trains.", calls=note.count,
            )  # fmt: skip

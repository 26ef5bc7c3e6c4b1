"""Ask every probe, drop what the script allows and what only repeats a better finding."""

from __future__ import annotations

import importlib
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from seedbed.doctor.allowing import Allowed, read_allowed
from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.probes.view import Run

if TYPE_CHECKING:
    from seedbed.doctor.observe.recorder import Recorder

Probe = Callable[[Run], Iterable[Finding]]

# A new probe is a new file with a function ``probe`` and one name here.
PROBES = (
    "accumulation", "attention", "averages", "belonging", "broadcasts", "clearing", "clipping", "contracts",
    "effects", "graphs", "initialization", "missing_gradients", "modes", "options", "outputs", "ownership", "precision",
    "rates", "reading", "recurrence", "replays", "restores", "schedules", "seeds", "sequences", "splits", "structure",
    "stored", "surprises", "syncing", "targets", "warned", "windows",
)  # fmt: skip

# What is often only the effect of another mistake is told only when nothing else was found.
SYMPTOMS = frozenset({"SB901", "SB904", "SB905", "SB907", "SB909", "SB519", "SB121", "SB713", "SB433"})


def judge(recorder: Recorder, used: list[str] | None = None) -> list[Finding]:
    """Return what the probes find in a recorded run; a probe that fails is written down and left out."""
    run = Run(recorder, used or [])
    found: list[Finding] = []
    for name in PROBES:
        try:
            probe: Probe = importlib.import_module(f"seedbed.doctor.probes.{name}").probe
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # replays repeat what the script was already told
                found.extend(probe(run))
        except Exception:
            recorder.guard.failures.append(traceback.format_exc(limit=-4))
    files: dict[str, Allowed] = {}
    kept = [f for f in _distinct(found) if not _allowed(f, files)]
    strong = any(f.severity >= Severity.WARNING and f.code not in SYMPTOMS for f in kept)
    if strong:
        kept = [f for f in kept if f.code not in SYMPTOMS]
    return sorted(kept, key=lambda f: (-f.severity, f.file, f.line, f.code))


def _distinct(found: list[Finding]) -> list[Finding]:
    """Keep the first finding of a code at a line, and at most three of one code."""
    seen: set[tuple[str, str, int]] = set()
    counts: dict[str, int] = {}
    kept = []
    for finding in found:
        key = (finding.code, finding.file, finding.line)
        counts[finding.code] = counts.get(finding.code, 0) + (key not in seen)
        if key not in seen and counts[finding.code] <= 3:
            kept.append(finding)
        seen.add(key)
    return kept


def _allowed(finding: Finding, files: dict[str, Allowed]) -> bool:
    if not finding.file:
        return False
    if finding.file not in files:
        files[finding.file] = read_allowed("".join(linecache.getlines(finding.file)))
    return files[finding.file].covers(finding)

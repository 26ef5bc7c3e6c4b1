"""Random generators: seeded by half, or again and again."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.observe.site import Site
from seedbed.doctor.probes.view import Run, report

SEEDING = {"torch": "torch.manual_seed", "numpy": "np.random.seed", "random": "random.seed"}


def _doubt(seed: Site | None, unseeded: list[str]) -> dict[str, Any]:
    """A hint only, when the script itself never draws from NumPy: a library does, for a part of its own work."""
    if unseeded != ["numpy"] or seed is None:
        return {}
    text = "".join(linecache.getlines(seed.file))
    drawn = re.search(r"(np|numpy)\.random\.(?!default_rng|Generator|RandomState|SeedSequence|PCG)", text)
    splits = [
        line for line in text.splitlines() if re.search(r"(train_test_split|KFold|ShuffleSplit|make_\w+)\(", line)
    ]
    usual = any("random_state" not in line for line in splits)
    return {} if drawn or usual or "from numpy" in text else {"severity": Severity.HINT}


def probe(run: Run) -> Iterator[Finding]:
    """Report generators that are used without a seed beside seeded ones, and seeds set in the loop."""
    seeds = run.record.seeds
    seeded = {name for name in seeds if seeds[name]}
    unseeded = [name for name in run.used if name not in seeded and name in SEEDING]
    if seeded and unseeded:
        first = seeds[sorted(seeded)[0]][0][0]
        yield report(
            "SB701", f"randomness is only half seeded: {', '.join(SEEDING[n] for n in sorted(seeded))} is called, but "
            f"the script also draws from {' and '.join(sorted(unseeded))} without a seed, so runs differ", first,
            f"Add {SEEDING[unseeded[0]]}(seed).", seeded=sorted(seeded), unseeded=unseeded,
            **_doubt(first, unseeded),
        )  # fmt: skip
    for calls in seeds.values():
        groups: dict[tuple[Site | None, Any], list[int]] = {}
        for site, value, step in calls:
            groups.setdefault((site, value), []).append(step)
        for (site, value), steps in groups.items():
            if len(set(steps)) >= 3 and not _restarts(run, steps):
                yield report(
                    "SB702", f"the seed is set again in the loop: seed {value} was set {len(steps)} times while "
                    "training "
                    "ran, so every pass draws the same random numbers (order, dropout, noise)", site,
                    "Seed once, before the loop.", times=len(steps),
                )  # fmt: skip
                return


def _restarts(run: Run, steps: list[int]) -> bool:
    """Say whether a new optimizer was built after most of the seeds: then each seed starts a run of its own."""
    births = sorted(o.birth for o in run.record.optimizers.values())
    marks = sorted(set(steps))
    fresh = sum(any(a <= birth < b for birth in births) for a, b in pairwise(marks))
    return fresh >= 0.5 * (len(marks) - 1)

"""Struck in every phase and taken up again, a training ends with the bits of one that was left alone.

The long version is a command: ``python tests/e2e/kill_many.py --kills 500``.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from killing import KINDS, PHASES, Blow, draw, make_config, start, suffer, write_project

SHORT = ["fitting", "accumulating", "saving", "evaluating", "epoch boundary", "pruning", "right after resume"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("struck")


def straight_of(root: Path, kind: str, workers: int) -> tuple[Path, Path]:
    """A project and its undisturbed run, made once."""
    config = write_project(root / f"{kind}-{workers}", make_config(kind, workers))
    run = root / f"straight-{kind}-{workers}"
    if not run.exists():
        assert start(config, run, None) == 0
    return config, run


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "workers"), [(kind, 0) for kind in KINDS] + [("full", 2)])
def test_killed_in_many_phases_the_end_is_the_same(root: Path, kind: str, workers: int) -> None:
    config, straight = straight_of(root, kind, workers)
    rng = random.Random(f"{kind} {workers}")
    blows = [Blow("kill", phase, rng.randint(1, PHASES[phase])) for phase in SHORT]
    found, hit = suffer(config, straight, root / f"killed-{kind}-{workers}", blows)
    assert found.verdict == "EXACT", (blows, found.summary)
    assert hit > 2


@pytest.mark.slow
@pytest.mark.parametrize("how", ["term", "interrupt twice"])
def test_stopped_in_many_phases_the_end_is_the_same(root: Path, how: str) -> None:
    config, straight = straight_of(root, "full", 0)
    blows = draw(random.Random(how), 8, (how,))
    found, hit = suffer(config, straight, root / how.replace(" ", "-"), blows)
    assert found.verdict == "EXACT", (blows, found.summary)
    assert hit > 2


@pytest.mark.slow
def test_killed_twice_in_one_epoch_right_after_a_resume_the_end_is_the_same(root: Path) -> None:
    config, straight = straight_of(root, "full", 0)
    blows = [Blow("kill", "mid-step", 4), Blow("kill", "mid-step", 1), Blow("kill", "optimizing", 2)]
    found, hit = suffer(config, straight, root / "twice", blows)
    assert found.verdict == "EXACT", found.summary
    assert hit == 3

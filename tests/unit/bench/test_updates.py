"""Updates in turns with bare ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.bench import updates
from seedbed.bench.workloads import make_task, prepare
from seedbed.fast import FastStep


def test_what_lies_between_two_bare_updates_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare("w1", tmp_path)
    now = [0.0]

    def bare() -> None:
        now[0] += 2

    def made(step: FastStep, *args: object) -> object:
        now[0] += 3
        return plain(step, *args)  # type: ignore[arg-type]

    def clocks() -> tuple[float, float]:
        now[0] += 0.25  # as if something were done before it is asked
        return now[0], 2 * now[0]

    plain = FastStep.__call__
    monkeypatch.setattr(FastStep, "__call__", made)
    monkeypatch.setattr(updates, "bare_update", lambda task: bare)
    monkeypatch.setattr(updates, "clocks", clocks)
    task = make_task("w1", tmp_path, 1)
    found = updates.turns(task)
    assert len(found["bare_cpu"]) == task.num_steps - 1
    assert set(found["bare_cpu"]) == {2.25}
    assert set(found["ours_cpu"]) == {3.25 + 0.25}
    assert set(found["ours_wall"]) == {7.0}
    assert FastStep.__call__ is made


def test_of_the_differences_the_median_is_told() -> None:
    seconds = {"bare_cpu": [1.0, 2.0, 3.0], "ours_cpu": [2.0, 5.0, 5.0]}
    told = updates.summary(seconds | {name.replace("cpu", "wall"): values for name, values in seconds.items()})
    assert told["more_cpu_us"] == 2e6
    assert told["ratio_wall"] == 2.5

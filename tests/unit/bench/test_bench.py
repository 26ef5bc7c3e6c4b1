"""The benchmark measures what it says; figures here are made up, because a test must not depend on time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from seedbed.bench import measure, run
from seedbed.bench.child import VARIANTS
from seedbed.bench.child import measure as measure_here
from seedbed.bench.measure import Measurement, Sample, measure_all
from seedbed.bench.tables import service_table, workload_table
from seedbed.bench.variants.ours import SERVICES, leave_out
from seedbed.bench.workloads import WORKLOADS, make_task, prepare
from seedbed.errors import ConfigError, TrainingError
from seedbed.tracking.trace import Trace


def sample(seconds: float, **more: Any) -> Sample:
    numbers = {"cpu_seconds": seconds, "process_seconds": seconds + 2, "process_cpu_seconds": seconds + 1}
    return Sample(**{"seconds": seconds, **numbers, "peak_bytes": 10**8, "steps": 1000, "accuracy": 0.5, **more})


def cells(lines: list[str], row: str) -> list[str]:
    (line,) = [line for line in lines if line.startswith(f"| {row} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_ratio_is_taken_within_a_round() -> None:
    slow, fast = (
        Measurement("w1", "a", [sample(2), sample(20), sample(4)]),
        Measurement("w1", "b", [sample(1), sample(10), sample(1)]),
    )
    assert slow.ratio(fast, "seconds") == 2
    assert slow.middle("seconds") == 4


def test_the_table_has_ratios_and_what_a_step_costs_over_the_floor() -> None:
    found = [
        Measurement("w1", "by hand", [sample(1.0)]),
        Measurement("w1", "floor", [sample(0.5)]),
        Measurement("w1", "seedbed", [sample(0.4)]),
        Measurement("w1", "lightning", failure="not today"),
    ]
    lines = workload_table(found)
    assert cells(lines, "by hand")[3] == "1.00"
    assert cells(lines, "seedbed")[3:6] == ["0.40", "0.40", "-100"]
    assert cells(lines, "by hand")[5] == "500"
    assert "not today" in cells(lines, "lightning")


def test_a_service_costs_what_is_gone_without_it() -> None:
    found = [
        Measurement("w1", "seedbed", [sample(0.4), sample(0.5)]),
        Measurement("w1", "seedbed without digests", [sample(0.38), sample(0.48)]),
    ]
    assert cells(service_table(found), "digests") == ["digests", "20", "20", "4.4%"]
    assert service_table(found[:1]) == []


def test_rounds_are_interleaved_and_turned_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    called: list[str] = []

    def child(arguments: list[str]) -> Sample:
        called.append(arguments[1])
        if arguments[1] == "c":
            raise TrainingError("no c here")
        return sample(1)

    monkeypatch.setattr(measure, "run_child", child)
    found = measure_all([("w1", "a"), ("w1", "b"), ("w1", "c")], tmp_path, repeats=2)
    assert called == ["a", "b", "c", "b", "a"]
    assert [len(one.samples) for one in found] == [2, 2, 0]
    assert found[2].failure == "no c here"


def test_the_page_names_machine_versions_and_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "run_child", lambda arguments: sample(1))
    page, data = run.bench(["w1"], repeats=1, peers=False, command=["seedbed", "bench", "w1"])
    assert f"torch {torch.__version__}" in page
    assert "`seedbed bench w1`" in page
    assert "| checkpoints |" in page
    assert {one["variant"] for one in data["medians"]} >= {"by hand", "floor", "seedbed"}
    with pytest.raises(ConfigError, match="no workload 'w9'"):
        run.bench(["w9"])


@pytest.mark.parametrize("variant", ["by hand", "floor", "seedbed"])
def test_a_variant_trains(variant: str, tmp_path: Path) -> None:
    prepare("w1", tmp_path)
    found = measure_here("w1", variant, tmp_path, 1)
    assert found["steps"] == 45
    assert found["seconds"] > 0
    assert variant == "floor" or found["accuracy"] > 0.2


def test_a_service_can_be_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Trace, "add", Trace.add)  # put back afterwards
    leave_out("digests")
    prepare("w1", tmp_path)
    measure_here("w1", "seedbed", tmp_path, 1)
    assert [path.stat().st_size for path in tmp_path.rglob("trace.bin")] == [0]
    assert set(SERVICES) == {"digests", "tracking", "checkpoints", "manifest"}


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_without_real_data_a_workload_has_data_of_the_same_shape(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEEDBED_DATA", raising=False)
    said = prepare(name, tmp_path)
    assert name == "w1" or "synthetic" in said
    task = make_task(name, tmp_path, None)
    inputs = task.train[0][:2]
    outputs = task.model(inputs.float() if inputs.dtype == torch.uint8 else inputs)
    assert outputs.shape[:-1] == task.train[1][:2].shape
    assert task.num_steps > 40


def test_every_variant_has_a_file() -> None:
    folder = Path(run.__file__).parent / "variants"
    assert all((folder / f"{module.rpartition('.')[2]}.py").is_file() for module, _ in VARIANTS.values())

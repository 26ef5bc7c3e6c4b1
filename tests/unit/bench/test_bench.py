"""The benchmark measures what it says; figures here are made up, because a test must not depend on time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from seedbed.bench import measure, record, run
from seedbed.bench.child import VARIANTS
from seedbed.bench.child import measure as measure_here
from seedbed.bench.measure import Measurement, Sample, measure_all, run_child
from seedbed.bench.pairs import Pairs, Timing
from seedbed.bench.tables import report, workload_table
from seedbed.bench.workloads import WORKLOADS, make_task, prepare
from seedbed.errors import ConfigError, DataError, TrainingError


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


def pairs(workload: str, data: Path, **options: Any) -> list[Pairs]:
    return [Pairs(workload, "digests", [Timing(1.0, 1.0, 10)] * 6, [Timing(0.9, 0.9, 10)] * 6)]


def test_the_page_names_machine_versions_and_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "run_child", lambda arguments: sample(1))
    monkeypatch.setattr(run, "run_pairs", pairs)
    data = run.bench(["w1"], repeats=1, peers=False, command=["seedbed", "bench", "w1"])
    page = report(data)
    assert f"torch {torch.__version__}" in page
    assert "`seedbed bench w1`" in page
    assert "| digests | 100.0 " in page
    assert [one["variant"] for one in data["medians"]] == ["by hand", "floor", "seedbed"]
    with pytest.raises(ConfigError, match="no workload 'w9'"):
        run.bench(["w9"])


def test_a_record_has_always_the_same_keys_and_survives_the_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(measure, "run_child", lambda arguments: sample(1))
    monkeypatch.setattr(run, "run_pairs", pairs)
    data = run.bench(["w1"], repeats=2, peers=False)
    assert list(data) == [
        "schema", "kind", "about", "notes", "workloads", "measurements", "medians", "services", "costs"
    ]  # fmt: skip
    assert set(data["about"]) == {
        "when", "command", "settings", "hardware", "threads", "load", "versions", "peers", "absent"
    }  # fmt: skip
    assert len(data["measurements"][0]["samples"]) == 2
    record.write(data, tmp_path / "r.json")
    assert record.read(tmp_path / "r.json") == data
    assert report(record.read(tmp_path / "r.json")) == report(data)


def test_what_is_no_record_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(DataError, match="not a record"):
        record.read(tmp_path / "r.json")
    with pytest.raises(DataError, match="cannot be read"):
        record.read(tmp_path / "s.json")


def test_of_a_config_the_page_says_what_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "run_child", lambda arguments: sample(1))
    monkeypatch.setattr(run, "run_pairs", pairs)
    data = run.bench([], config="digits", repeats=1)
    assert (data["kind"], data["workloads"]) == ("config", {"config": "digits"})
    assert [one["variant"] for one in data["measurements"]] == ["floor", "seedbed"]
    page = report(data)
    assert "Not compared: the hand-written loop and other trainers" in page
    assert "× floor" in page
    with pytest.raises(ConfigError, match=r"nowhere\.json"):
        run.bench([], config="nowhere.json")


@pytest.mark.parametrize("variant", ["by hand", "floor", "seedbed"])
def test_a_variant_trains(variant: str, tmp_path: Path) -> None:
    prepare("w1", tmp_path)
    found = measure_here("w1", variant, tmp_path, 1)
    assert found["steps"] == 45
    assert found["seconds"] > 0
    assert variant == "floor" or found["accuracy"] > 0.2


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
    assert task.num_steps >= 20


def test_every_variant_has_a_file() -> None:
    folder = Path(run.__file__).parent / "variants"
    assert all((folder / f"{module.rpartition('.')[2]}.py").is_file() for module, _ in VARIANTS.values())


@pytest.mark.slow
@pytest.mark.parametrize("variant", [name for name in VARIANTS if name in record.PEERS])
def test_another_trainer_trains_where_it_is_installed(
    variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip(VARIANTS[variant][1], exc_type=ImportError)
    prepare("w1", tmp_path)
    found = run_child(["w1", variant, str(tmp_path), "1", ""])
    assert found.steps == 45
    assert found.accuracy > 0.2

"""Services are left out one at a time and come back; pairs are compared pair by pair."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from seedbed.bench import bare
from seedbed.bench.bare import bare_updates
from seedbed.bench.growth_training import Watch
from seedbed.bench.pairs import ALL, FLOOR, SAME, Pairs, Prepare, Timing, Train, config_arms, measure_pairs
from seedbed.bench.services import SERVICES, without
from seedbed.bench.tables import service_cells, service_table
from seedbed.bench.variants import ours
from seedbed.bench.workloads import make_task, prepare
from seedbed.build import build
from seedbed.errors import ConfigError, TrainingError
from seedbed.run import load_source
from seedbed.rundir import RunDir, read_events, read_json

CONFIG = {
    "model": {"type": "MLP", "args": {"in_features": 64, "out_features": 10, "hidden": [16]}},
    "data": {"type": "Digits", "args": {"flatten": True, "batch_size": 256, "val": 0.2}},
    "objective": {"type": "Classification"},
    "trainer": {"epochs": 2, "device": "cpu", "monitor": "max val_accuracy"},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    prepare("w1", folder)
    return folder


def train_without(services: list[str], data: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    folder = tempfile.mkdtemp(dir=data)
    monkeypatch.setattr(ours.tempfile, "mkdtemp", lambda **where: folder)
    with without(services):
        ours.train(make_task("w1", data, 2))
    return RunDir(Path(folder))


def facts(run: RunDir) -> dict[str, Any]:
    events = list(read_events(run.events))
    kinds = [event["event"] for event in events]
    last = next((event["metrics"] for event in reversed(events) if event["event"] == "epoch"), {})
    return {
        "digests": run.trace.stat().st_size > 0,
        "tracking": "step" in kinds and "end" in kinds,
        "manifest": "versions" in read_json(run.manifest) or "python" in str(read_json(run.manifest)),
        "metrics": "val_accuracy" in last and "accuracy" in last,
        "validation": "evaluate" in kinds,
        "checkpoints": any(run.checkpoints.glob("step-*")),
    }


def test_with_everything_a_run_has_the_files_of_every_service(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(facts(train_without([], data, monkeypatch)).values())


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_that_is_left_out_leaves_nothing(service: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [owner.__dict__[name] for _, switches in SERVICES.values() for owner, name, _ in switches]
    found = facts(train_without([service], data, monkeypatch))
    assert found.get(service, False) is False
    gone = {name for name, there in found.items() if not there}
    follows = {"tracking": {"metrics", "validation"}, "validation": {"metrics"}}
    assert gone <= {service} | follows.get(service, set())
    assert [owner.__dict__[name] for _, switches in SERVICES.values() for owner, name, _ in switches] == before


def test_every_service_can_be_left_out_at_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(facts(train_without(list(SERVICES), data, monkeypatch)).values())


def test_a_pair_is_made_side_by_side_and_turned_around() -> None:
    made: list[str] = []

    def arm(name: str) -> Prepare:
        def prepared() -> Train:
            made.append(name)
            return lambda watch: 7

        return prepared

    def timer(prepared: Prepare) -> Timing:
        return Timing(1.0, 1.0, prepared()(Watch()))

    found = measure_pairs("w", arm("ours"), arm("floor"), seconds=0, services=(FLOOR, SAME), timer=timer)
    assert made[2:6] == ["floor", "ours", "ours", "ours"] or made[2:6] == ["ours", "floor", "ours", "ours"]
    assert made[6:10] == ["ours", "ours", "floor", "ours"] or made[6:10] == ["ours", "ours", "ours", "floor"]
    assert made[2:4] != made[8:10]
    assert [len(pairs.on) for pairs in found] == [3, 3]


def test_what_cannot_be_measured_says_why_and_does_not_end_the_rest() -> None:
    def broken() -> Train:
        raise TrainingError("there is no floor here")

    found = measure_pairs("w", lambda: lambda watch: 1, broken, seconds=0, services=(FLOOR, SAME))
    assert service_cells(found[0])[:2] == [
        "everything but the bare updates",
        "cannot be measured: there is no floor here",
    ]
    assert len(found[1].on) == 3


def timings(*values: float) -> list[Timing]:
    return [Timing(value, value, 100, value / 100) for value in values]


def test_a_cost_is_the_median_of_the_differences_and_its_share() -> None:
    on, off = timings(*[1.0] * 8), timings(*[0.98] * 6, 0.5, 1.2)
    cells = service_cells(Pairs("w", "digests", on, off))
    assert cells[1:4] == ["20.0 (-200.0 to 500.0)", "20.0 (-200.0 to 500.0)", "200.0"]
    assert cells[6] == "less than the noise: at most 50.0%"
    cells = service_cells(Pairs("w", "digests", on, timings(*[0.98] * 8)))
    assert cells[4:] == ["200.0", "2.0% (2.0% to 2.0%)", ""]


def test_runs_of_another_length_are_not_compared() -> None:
    pairs = Pairs("w", "validation", timings(1.0), [Timing(0.5, 0.5, 50)])
    assert service_cells(pairs)[1] == "cannot be compared: 100 updates with it, 50 without"


def test_the_table_begins_with_its_own_noise_and_ends_with_the_whole() -> None:
    every = [Pairs("w", name, timings(*[1.0] * 6), timings(*[0.9] * 6)) for name in (FLOOR, ALL, "digests", SAME)]
    rows = [line for line in service_table(every) if line.startswith("| ")][1:]
    firsts = [row.split(" | ")[0].strip("| ") for row in rows]
    assert firsts == [SAME, "digests", ALL, "everything but the bare updates"]
    assert service_table([]) == []


def test_pairs_survive_the_way_between_processes() -> None:
    pairs = Pairs("w", "digests", timings(1.0, 2.0), timings(0.5, 1.5))
    assert Pairs.from_json(pairs.to_json()) == pairs


def test_a_config_and_its_floor_make_the_same_number_of_updates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedbed.bench.workloads.load_compiler", lambda: None)
    source = tmp_path / "c.json"
    from seedbed.rundir import to_json

    source.write_bytes(to_json(CONFIG))
    prepare_ours, prepare_floor = config_arms(str(source), tmp_path, 1)
    mine, bare_ones = Watch(), Watch()
    assert prepare_ours()(mine) == prepare_floor()(bare_ones) == len(mine.times) == len(bare_ones.times) > 0
    for service in ("metrics", "checkpoints", "validation"):
        with without([service]):
            assert prepare_ours()(Watch()) > 0


def test_the_floor_changes_the_weights_and_cycles_through_few_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare, "MOST_BATCHES", 2)
    with build(load_source(CONFIG)) as training:
        weights = [p.detach().clone() for p in training.job.state.model.parameters()]
        assert bare_updates(training)() == training.job.total_steps
        after = list(training.job.state.model.parameters())
        assert all(not before.equal(now) for before, now in zip(weights, after, strict=True))


def test_where_there_is_no_floor_a_sentence_says_why() -> None:
    with build(load_source({**CONFIG, "trainer": {"precision": "fp16", "device": "cpu"}})) as training:
        with pytest.raises(ConfigError, match="no floor: fp16 needs a loss scaler"):
            bare_updates(training)
        training.job.total_steps, training.job.state.scaler = None, None
        with pytest.raises(ConfigError, match="how long an epoch is"):
            bare_updates(training)

"""The benchmark of a GPU, very small and on the CPU: every case trains, and the page says that no GPU was at hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from seedbed.bench.gpu import goal, run
from seedbed.bench.gpu.cases import Case, cases
from seedbed.bench.gpu.models import DiffusionUNet
from seedbed.bench.gpu.page import report
from seedbed.bench.gpu.stopwatch import Stopwatch
from seedbed.errors import ConfigError, TrainingError

CPU = torch.device("cpu")
TINY = cases(tiny=True)


@pytest.mark.parametrize("case", TINY, ids=lambda case: case.name)
def test_a_case_trains_bare_and_with_seedbed(case: Case) -> None:
    found = run.measure_case(case, CPU, rounds=1, seconds=60, with_peers=False)
    assert [one["variant"] for one in found] == ["bare updates", "seedbed"]
    assert [one["failure"] for one in found] == [None, None]
    assert all(len(one["seconds"]) == 1 and one["seconds"][0] > 0 for one in found)


@pytest.mark.slow
@pytest.mark.parametrize("variant", [v for v in run.VARIANTS if v.needs != "torch"], ids=lambda variant: variant.name)
@pytest.mark.filterwarnings("ignore")
def test_another_trainer_makes_the_same_number_of_updates(variant: run.Variant) -> None:
    pytest.importorskip(variant.needs, exc_type=ImportError)
    assert variant.run(TINY[1], CPU) > 0


@pytest.mark.parametrize(
    ("name", "millions"), [("mnist", 1.2), ("resnet18", 11.2), ("unet", 65), ("gpt2", 124), ("gpt", 0.8)]
)
def test_the_full_models_have_their_published_sizes(name: str, millions: float) -> None:
    (case,) = (case for case in cases(tiny=False) if case.name == name)
    with torch.device("meta"):
        model = case.make_model()
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, rel=0.05)


def test_the_unet_gives_one_number_for_each_of_the_actions() -> None:
    model = DiffusionUNet((16, 32), embedding=16)
    assert model(torch.zeros(3, 16 * 2 + 1 + 132)).shape == (3, 32)


def test_a_stopwatch_looks_at_the_updates_after_the_warm_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Stopwatch(2, 4, CPU)
    monkeypatch.setattr(watch, "now", lambda: float(watch.count**2))
    for _ in range(watch.total):
        watch.tick()
    assert watch.seconds_per_step() == (36 - 4) / 4
    with pytest.raises(TrainingError, match="only 0 of 7 updates"):
        Stopwatch(2, 4, CPU).seconds_per_step()


def test_a_goal_that_is_missed_is_a_failure_with_the_accuracy() -> None:
    case = TINY[0]
    hard = Case(**{**vars(case), "goal": 1.01, "epochs": 1})
    (bare, ours) = run.measure_case(hard, CPU, rounds=1, seconds=60, with_peers=False)
    assert "the goal of 101% was not reached in 1 epochs" in bare["failure"]
    assert "was not reached" in ours["failure"]
    assert goal.held_out(case)[0].shape == (128, 1, 28, 28)


def measurement(case: str, variant: str, *seconds: float, failure: str | None = None) -> dict[str, Any]:
    return {"case": case, "variant": variant, "seconds": list(seconds), "peak_bytes": 2_000_000, "failure": failure}


def test_the_page_has_figures_spread_and_overhead(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {
        "gpt2": [measurement("gpt2", "bare updates", 4e-4, 5e-4, 6e-4), measurement("gpt2", "seedbed", 5.5e-4)],
        "mlp": [measurement("mlp", "bare updates", 1e-4), measurement("mlp", "lightning", failure="not today")],
    }
    monkeypatch.setattr(run, "in_a_process", lambda case, *rest: made[case.name])
    data = run.bench_gpu(tiny=True, names=["gpt2", "mlp"])
    small = report(data)
    assert "| gpt2 | runs |  | runs |" in small
    assert "| mlp | runs | not today |  |" in small
    assert torch.cuda.is_available() or "No GPU was at hand" in small
    data["about"]["settings"]["size"] = "full"
    page = report(data)
    assert "| bare updates | 64,000 (53,333–80,000) | | | 2 |" in page.replace("|  |", "| |").replace("|  |", "| |")
    assert "| seedbed | 58,182 | +10.0% | +50 | 2 |" in page
    assert "| lightning | not today |" in page


def test_what_there_was_no_time_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "in_a_process", lambda case, *rest: [])
    data = run.bench_gpu(tiny=True, minutes=0, names=["mlp"])
    assert "mlp: left out, because 0 minutes were over" in data["notes"]
    assert data["measurements"] == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_a_sentence_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match="there is no GPU here; --tiny"):
        run.bench_gpu()
    with pytest.raises(ConfigError, match="no case 'w1'"):
        run.bench_gpu(tiny=True, names=["w1"])

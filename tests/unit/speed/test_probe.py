"""The probe races candidates on copies: what is faster stays, what cannot be tried says why, nothing else moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seedbed.batch import Batch
from seedbed.loop import Step, custom_step, train_step
from seedbed.objectives.classification import Classification
from seedbed.optim.ema import EMA
from seedbed.speed import probe as module
from seedbed.speed.choose import Numerics
from seedbed.speed.probe import Contestant, Probed, break_even, candidates, probe, race
from seedbed.state import TrainState

ALL = ("precision", "channels_last", "threads", "compile", "cuda_graphs")


class Net(nn.Module):
    """A convolution and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head, self.dropout = nn.Conv2d(3, 4, 3), nn.Linear(4, 3), nn.Dropout(0.2)

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.head(self.dropout(self.conv(images).mean((2, 3))))
        return out


def make_state(model: nn.Module | None = None) -> TrainState:
    torch.manual_seed(0)
    model = model or Net()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    state = TrainState(
        model=model, objective=Classification(), optimizers={"main": optimizer}, device=torch.device("cpu")
    )
    state.ema = EMA(model, decay=0.9)
    return state


def make_batches(count: int = 2) -> list[Batch]:
    return [Batch(torch.randn(4, 3, 6, 6), torch.randint(0, 3, (4,)), np.arange(4)) for _ in range(count)]


def run_probe(state: TrainState, undecided: Sequence[str] = ALL, **options: Any) -> Probed:
    chosen = {"undecided": undecided, "most_threads": 2, "planned": 1000, **options}
    return probe(chosen.pop("plain", train_step), state, make_batches(), Numerics(), **chosen)


def pretend(monkeypatch: pytest.MonkeyPatch, milliseconds: dict[str, float]) -> None:
    """Let a contestant take what is written here for the last thing about it that is not plain."""

    def run(self: Contestant, updates: int) -> float:
        time = 10.0
        for name, value in milliseconds.items():
            key, _, wanted = name.partition("=")
            if str(getattr(self.numerics, key)) == wanted:
                time = value
        return time / 1e3

    monkeypatch.setattr(Contestant, "run", run)


def test_what_is_faster_stays_and_what_is_not_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {"threads=2": 9.9, "channels_last=True": 6.0, "precision=bf16": 30.0})
    found = run_probe(make_state())
    assert found.numerics == Numerics(channels_last=True)
    assert [(t.candidate, t.chosen) for t in found.trials] == [
        ("threads=2", False),  # hardly faster is not worth other numbers
        ("channels_last=True", True),
        ("precision=bf16", False),
        ("compile=step", False),
    ]
    assert found.trials[2].against == pytest.approx(0.006)  # raced against the best so far


def test_what_the_config_decides_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {"precision=bf16": 1.0})
    assert [t.candidate for t in run_probe(make_state(), ["channels_last"]).trials] == ["channels_last=True"]


def test_nothing_of_the_training_moves() -> None:
    state = make_state()
    weights = [p.detach().clone() for p in state.model.parameters()]
    layouts = [p.stride() for p in state.model.parameters()]
    rng, threads = torch.get_rng_state(), torch.get_num_threads()
    batches = make_batches()
    torch.set_rng_state(rng)
    found = probe(train_step, state, batches, Numerics(), undecided=ALL, most_threads=threads + 1, planned=100)
    assert all(t.reason is None for t in found.trials[:-1])
    assert torch.equal(rng, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert all(torch.equal(a, b) for a, b in zip(weights, state.model.parameters(), strict=True))
    assert [p.stride() for p in state.model.parameters()] == layouts
    assert (state.step, state.precision, len(state.optimizer.state)) == (0, "fp32", 0)
    assert all(p.grad is None for p in state.model.parameters())


def test_what_cannot_be_tried_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {})

    def fail() -> Contestant:
        raise RuntimeError("not implemented for 'BFloat16'")

    found = Probed(numerics=Numerics())
    best = Contestant(train_step, make_state(), Numerics(), make_batches())
    assert race(found, best, "precision=bf16", fail) is best
    assert found.trials[0].reason == "RuntimeError: not implemented for 'BFloat16'"
    assert found.trials[0].to_json()["ms"] is None


class Uncopyable(Net):
    """Refuses to be copied."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Net:
        raise TypeError("holds a file")


def test_a_model_that_cannot_be_copied_trains_plainly() -> None:
    state = make_state()
    state.model = Uncopyable()
    found = run_probe(state)
    assert found.numerics == Numerics()
    assert "holds a file" in (found.trials[0].reason or "")


def test_a_short_training_is_not_compiled_and_a_long_one_is_if_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {"compile=step": 4.0})
    monkeypatch.setattr(module, "choose_step", lambda plain, *rest: type("Chosen", (), {"step": plain, "refusals": []}))
    short = run_probe(make_state(), ["compile"], planned=10_000)
    assert short.numerics.compile == "off"
    assert "10000 updates take about 100 s" in (short.trials[0].reason or "")
    long = run_probe(make_state(), ["compile"], planned=1_000_000)
    assert long.numerics.compile == "step"
    assert "it pays after" in (long.trials[0].reason or "")
    assert run_probe(make_state(), ["compile"], planned=None).numerics.compile == "off"


def test_the_break_even_is_what_compiling_costs_over_what_an_update_saves() -> None:
    assert break_even(0.010, 0.005, 20.0) == 4000
    assert break_even(0.010, 0.0099, 20.0) is None
    assert break_even(0.010, 0.020, 20.0) is None


def test_candidates_are_what_model_device_and_data_can_use(monkeypatch: pytest.MonkeyPatch) -> None:
    state, images = make_state(), make_batches()
    flat = [Batch(torch.randn(4, 8), torch.zeros(4), np.arange(4))]

    def names(plain: Any, batches: list[Batch], most_threads: int = 2, accumulate: int = 1) -> list[dict[str, Any]]:
        return candidates(plain, state, batches, Numerics(), ALL, most_threads, accumulate)

    assert names(train_step, images) == [{"threads": 2}, {"channels_last": True}, {"precision": "bf16"}]
    assert names(train_step, flat, most_threads=1) == [{"precision": "bf16"}]
    custom = custom_step(lambda state, batch: Step(torch.zeros(())))
    state.device = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert names(train_step, images) == [{"channels_last": True}, {"cuda_graphs": True}]
    assert {"cuda_graphs": True} not in names(custom, images)
    assert {"cuda_graphs": True} not in names(train_step, images, accumulate=2)


def test_the_layout_reaches_weights_average_and_batches() -> None:
    contestant = Contestant(train_step, make_state(), Numerics(channels_last=True), make_batches())
    ema = contestant.state.ema
    assert isinstance(ema, EMA)
    for net in (contestant.state.model, ema.module):
        assert net.conv.weight.is_contiguous(memory_format=torch.channels_last)  # type: ignore[union-attr,operator]
    assert contestant.batches[0].inputs.is_contiguous(memory_format=torch.channels_last)


class Strided(Net):
    """Has a convolution whose gradient torch gets wrong with channels last."""

    def __init__(self) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(3, 4, 1, stride=2)

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) + 0 * self.shortcut(images).sum()


def test_a_layout_that_breaks_memory_is_not_tried() -> None:
    found = run_probe(make_state(Strided()), ("channels_last",))
    (trial,) = found.trials
    assert trial.candidate == "channels_last=True", trial
    assert "stride 2 over 3 channels writes past its memory" in (trial.reason or "")
    assert not found.numerics.channels_last

"""After the steps that are watched closely hardly anything remains, and evaluations are still seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe import site
from seedbed.doctor.observe.recorder import Recorder

Findings = Callable[..., list[Finding]]
TRAINING = """
x = torch.randn(96, 5); y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
def score():
    with torch.no_grad():
        return (model(x[64:]).argmax(1) == y[64:]).float().mean()
for epoch in range(2):
    {train}
    for step in range(40):
        ids = torch.randint(0, 64, (16,))
        loss = F.cross_entropy(model(x[ids]), y[ids])
        optimizer.zero_grad()
        loss.backward()
        {inside}
        optimizer.step()
    {evaluate}
    for _ in range(3):
        print(score())
"""


def _script(train: str = "model.train()", evaluate: str = "model.eval()", inside: str = "pass") -> str:
    return TRAINING.format(train=train, evaluate=evaluate, inside=inside)


def _step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    F.cross_entropy(model(torch.ones(4, 3)), torch.zeros(4, dtype=torch.long)).backward()
    optimizer.step()


def test_nothing_that_runs_in_every_step_stays_wrapped_after_the_horizon() -> None:
    hot = (torch.Tensor.backward, F.cross_entropy, torch.optim.Optimizer.zero_grad)
    recorder = Recorder(detail_steps=3)
    model = nn.Linear(3, 2)
    recorder.install()
    try:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        _step(model, optimizer)
        assert torch.Tensor.backward is not hot[0]
        for _ in range(5):
            _step(model, optimizer)
        assert (torch.Tensor.backward, F.cross_entropy, torch.optim.Optimizer.zero_grad) == hot
        assert not torch.nn.modules.module._global_forward_pre_hooks
        assert not torch.nn.modules.module._global_forward_hooks
        assert recorder.record.steps == 6
    finally:
        recorder.remove()
    assert recorder.guard.failures == []


def test_what_the_script_puts_over_a_wrapper_stays_there() -> None:
    recorder = Recorder(detail_steps=2)
    original = F.cross_entropy
    recorder.install()
    try:
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        inner = F.cross_entropy

        def own(*args: torch.Tensor, **options: object) -> torch.Tensor:
            return inner(*args, **options)  # type: ignore[arg-type]

        F.cross_entropy = own
        for _ in range(4):
            _step(model, optimizer)
        assert F.cross_entropy is own
    finally:
        recorder.remove()
        F.cross_entropy = original


@pytest.mark.parametrize(
    ("train", "evaluate", "codes"), [("pass", "pass", {"SB301"}), ("model.train()", "model.eval()", set())]
)
def test_an_evaluation_after_the_horizon_is_still_judged(
    findings_of: Findings, train: str, evaluate: str, codes: set[str]
) -> None:
    assert {f.code for f in findings_of(_script(train, evaluate), steps=20)} == codes


def test_a_metric_under_no_grad_in_every_step_hides_no_later_evaluation(findings_of: Findings) -> None:
    inside = "with torch.no_grad(): total = loss.item()"
    assert {f.code for f in findings_of(_script("pass", "pass", inside), steps=20)} == {"SB301"}


def test_a_helper_that_runs_without_gradient_inside_a_forward_pass_is_no_evaluation() -> None:
    recorder = Recorder(detail_steps=2)
    site._USER[__file__] = True

    class Momentum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(3, 2), nn.Linear(3, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                key = self.second(x)
            return self.first(x) + key

    recorder.install()
    try:
        model = Momentum()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(6):
            _step(model, optimizer)
        assert len(recorder.record.forwards) == 2
    finally:
        recorder.remove()


def test_a_loss_is_written_down_once_while_every_operation_is_watched() -> None:
    recorder = Recorder()
    model = nn.Linear(3, 2)
    recorder.install()
    try:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        _step(model, optimizer)
    finally:
        recorder.remove()
    assert [call.name for call in recorder.record.losses] == ["cross_entropy"]
    assert recorder.record.losses[0].seen["classes"] == 2

"""Jobs with a planted mistake each, and jobs as they should be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedbed.build import build
from seedbed.doctor.finding import Finding, Severity
from seedbed.opening import findings_of
from seedbed.recipes.catalog import list_recipes
from seedbed.run import load_source

Findings = Callable[..., list[Finding]]
ROOT = Path(__file__).parents[3]

PLANTED: list[tuple[str, dict[str, Any]]] = [
    ("SB121", {"optimizer": {"args": {"lr": 0.5}}}),
    ("SB121", {"optimizer": {"type": "SGD", "args": {"lr": 8.0}}}),
    ("SB121", {"optimizer": {"args": {"lr": 1e-9}}}),
    ("SB121", {"optimizer": {"args": {"lr": 0.0}}}),
    ("SB120", {"optimizer": {"args": {"lr": 1e-4, "weight_decay": 0.9}}}),
    ("SB150", {"optimizer": {"type": "SGD", "args": {"lr": 0.2, "weight_decay": 0.5}}}),
    ("SB142", {"optimizer": {"type": "SGD", "args": {"lr": 0.1, "momentum": 0.999}}}),
    ("SB142", {"optimizer": {"args": {"lr": 0.003, "betas": [0.999, 0.9]}}}),
    ("SB144", {"optimizer": {"type": "SGD", "args": {"lr": 0.1}}, "trainer": {"clip_norm": 1e-6}}),
    ("SB801", {"lr_scheduler": {"type": "constant", "args": {"warmup_epochs": 3}}}),
    ("SB140", {"lr_scheduler": {"type": "cosine", "args": {"length": 20}}}),
    ("SB140", {"lr_scheduler": {"type": "exponential", "args": {"gamma": 0.5, "interval": "step"}}}),
    ("SB140", {"lr_scheduler": {"type": "multistep", "args": {"milestones": [30, 60]}}}),
    ("SB140", {"lr_scheduler": {"type": "step", "args": {"step_size": 30}}}),
    ("SB140", {"lr_scheduler": {"type": "CosineAnnealingLR", "interval": "step", "args": {"T_max": 3}}}),
    ("SB114", {"lr_scheduler": {"type": "plateau", "args": {"metric": "val_accuracy", "patience": 1}}}),
    ("SB803", {"trainer": {"early_stop": 50}}),
    ("SB310", {"trainer": {"monitor": "min val_accuracy"}}),
    ("SB310", {"trainer": {"monitor": "max val_loss"}}),
    ("SB605", {"ema": {"decay": 0.9}, "evaluate": {"weights": "raw"}}),
    ("SB810", {"ema": {"decay": 0.9, "start_step": 5000}}),
    ("SB704", {"trainer": {"deterministic": False}}),
    ("SB804", {"data": {"args": {"batch_size": 5000}}}),
    ("SB813", {"data": {"args": {"limit": 200}}}),
    ("SB434", {"trainer": {"steps": 4}}),
    ("SB401", {"data": {"args": {"sampler": "sequential"}}}),
    ("SB244", {"objective": {"type": "Regression"}, "model": {"args": {"out_features": 1, "squeeze": True}}}),
    ("SB218", {"model": {"args": {"out_features": 12}}}),
    ("SB816", {"evaluate": {"every_epochs": None}}),
]

SORTED = """
def data():
    labels = torch.arange(400) // 40
    return torch.rand(400, 64), labels
"""
BATCH_SOFTMAX = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, x):
        return self.layer(x).log_softmax(0)
"""
DEAD = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(64, 32), nn.Linear(32, 10)
        nn.init.constant_(self.first.bias, -50.0)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))
"""
DETACHED = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(64, 32), nn.Linear(32, 10)

    def forward(self, x):
        return self.last(self.first(x).relu().detach())
"""
RAW = """
def data():
    return torch.rand(200, 64) * 900 + 100, torch.arange(200) % 10
"""
LEAK = """
def data():
    x = torch.rand(200, 64)
    labels = torch.arange(200) % 10
    return {"train": (x, labels), "val": (x[:60], labels[:60])}
"""
OVERFLOW = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, x):
        return self.layer(x) / 0.0
"""
CODED = [
    ("SB422", SORTED, {"data": {"args": {"sampler": "sequential", "val": None}}}),
    ("SB522", BATCH_SOFTMAX, {}),
    ("SB519", DEAD, {}),
    ("SB147", DETACHED, {}),
    ("SB433", RAW, {}),
    ("SB406", LEAK, {}),
    ("SB901", OVERFLOW, {}),
]

ZERO_HEAD = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(64, 32), nn.Linear(32, 10)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x):
        return self.last(self.first(x).relu())
"""
NORMED = """
class Model(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 10))
"""
TIED = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.again, self.last = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 10)
        self.again.weight = self.first.weight

    def forward(self, x):
        return self.last(self.again(self.first(x).relu()).relu())
"""
FROZEN = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone, self.head = nn.Sequential(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU()), nn.Linear(32, 10)
        self.backbone.requires_grad_(False)

    def forward(self, x):
        return self.head(self.backbone(x))
"""
FEW_KINDS = """
def data():
    x = (torch.arange(400)[:, None] // 2 ** torch.arange(64) % 2).float()[:, :4].repeat(1, 16)
    return {"train": (x[:300], x[:300, :2].sum(1).long()), "val": (x[300:], x[300:, :2].sum(1).long())}
"""


@pytest.mark.parametrize(("code", "change"), PLANTED)
def test_a_planted_setting_is_found(code: str, change: dict[str, Any], findings: Findings) -> None:
    assert code in {finding.code for finding in findings(change)}


@pytest.mark.parametrize(("code", "source", "change"), CODED, ids=[code for code, *_ in CODED])
def test_a_planted_mistake_in_a_part_is_found(
    code: str, source: str, change: dict[str, Any], findings: Findings
) -> None:
    assert code in {finding.code for finding in findings(change, source)}


QUIET: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    (ZERO_HEAD, {}),
    (NORMED, {}),
    (TIED, {}),
    (FROZEN, {}),
    (FEW_KINDS, {"model": {"args": {"out_features": 3}}, "data": {"args": {"val": None}}}),
    ("", {"trainer": {"overfit_batches": 2}}),
    ("", {"optimizer": {"type": "SGD", "args": {"lr": 0.1, "momentum": 0.9}}}),
    ("", {"lr_scheduler": {"type": "multistep", "args": {"milestones": [1, 2]}}}),
    *[("", {"lr_scheduler": {"type": name}}) for name in ("linear", "one_cycle", "wsd", "polynomial", "constant")],
]


@pytest.mark.parametrize(("source", "change"), QUIET)
def test_a_job_as_it_should_be_is_quiet(source: str, change: dict[str, Any], findings: Findings) -> None:
    assert [str(f) for f in findings(change, source) if f.severity >= Severity.WARNING] == []


def sources() -> list[str]:
    """All recipes and examples."""
    return [recipe.name for recipe in list_recipes()] + sorted(map(str, ROOT.glob("examples/*/config.json")))


@pytest.mark.parametrize("source", sources(), ids=lambda text: text.removeprefix(str(ROOT)))
def test_recipes_and_examples_are_quiet(source: str) -> None:
    if source.split(":")[0] in {"mnist", "bikes", "chargpt"} and not os.environ.get("SEEDBED_DATA"):
        pytest.skip("set SEEDBED_DATA to the folder with the data")
    loaded = load_source(source)
    if loaded.config.init.checkpoint is not None:
        loaded = load_source(source, ["init.checkpoint=null"])
    with build(loaded) as training:
        training.data.fit()
        found = findings_of(training)
    assert [str(f) for f in found if f.severity >= Severity.WARNING] == []


def test_an_accepted_code_or_name_is_not_reported(findings: Findings) -> None:
    change = {"optimizer": {"args": {"lr": 0.5}}}
    assert "SB121" in {f.code for f in findings(change)}
    assert findings({**change, "allow": ["SB121"]}) == []
    assert findings({**change, "allow": ["implausible-rate"]}) == []


def test_every_finding_says_where_why_and_what_to_do(findings: Findings) -> None:
    for _, change in PLANTED:
        for finding in findings(change):
            assert finding.title, finding.code
            assert finding.where, finding.code
            assert finding.why, finding.code
            assert finding.fix, finding.code

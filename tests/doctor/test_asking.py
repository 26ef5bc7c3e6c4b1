"""Which rules are asked changes no finding: a rule that is left out would have found nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import asking, engine, syntax, values
from seedbed.doctor.static.asking import Notes, Silence
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import parse
from seedbed.doctor.static.values import Val

ROOT = Path(__file__).parent
SCRIPTS = sorted([*(ROOT / "cases").rglob("*.py"), *(ROOT / "corpus").glob("*/*/*.py")])
PACKAGES = sorted(p for p in (ROOT / "corpus" / "packages").iterdir() if p.is_dir())
CODE = """
import torch
from torch import nn
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(3):
    x = torch.randn(8, 4)
    loss = nn.functional.cross_entropy(model(x).softmax(-1), x.argmax(1)) / 2
    loss.backward()
    opt.step()
    print(loss.item(), x.mean(), x.float().max())
"""


def findings(paths: list[Path], asked: bool) -> list[Finding]:
    """What is found; with ``asked`` by asking every rule of every program."""
    engine.SKIP_SILENT = not asked
    try:
        return engine.check_paths(paths)
    finally:
        engine.SKIP_SILENT = True


@pytest.mark.parametrize("path", [*SCRIPTS[::100], *PACKAGES[:1]], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_rules_that_are_left_out_would_have_found_nothing(path: Path) -> None:
    assert findings([path], asked=False) == findings([path], asked=True)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_rules_that_are_left_out_would_have_found_nothing_in_the_whole_corpus() -> None:
    for path in [*SCRIPTS, *PACKAGES]:
        assert findings([path], asked=False) == findings([path], asked=True), path


def test_a_rule_that_found_nothing_is_not_asked_where_the_same_things_are_absent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[Program] = []

    def check(p: Program) -> Iterator[Finding]:
        calls.append(p)
        yield from (p.report("SB101", e) for e in p.all("loss"))

    monkeypatch.setattr(engine, "rules", lambda only=None: {"SB101": check})
    monkeypatch.setattr(engine, "_silent", Silence())
    texts = ["import torch\nx = 1\n", "import torch\ny = torch.zeros(3)\n", CODE, "import torch\nz = 2\n"]
    assert [len(engine.check_text(text)) for text in texts] == [0, 0, 1, 0]
    assert len(calls) == 2


def test_who_reads_a_note_has_asked_what_its_author_asked() -> None:
    notes = Notes()
    notes.asked.add("before")
    assert "sum" not in notes
    notes.asked.add("loss")
    notes["sum"] = 3
    assert notes.all_asked() == {"before", "loss"}
    notes.begin()
    assert notes["sum"] == 3
    assert notes.all_asked() == {"loss"}


def test_a_note_that_is_looked_for_and_not_made_loses_no_question() -> None:
    notes = Notes()
    notes.asked.add("before")
    assert notes.get("missing") is None
    notes.asked.add("after")
    assert notes.all_asked() == {"before", "after"}


def test_the_wider_of_two_silences_is_kept() -> None:
    silence = Silence()
    silence.learn("SB101", frozenset(["loss", "step"]))
    assert "SB101" not in silence.expected(frozenset(["step"]))
    silence.learn("SB101", frozenset(["loss"]))
    assert silence.expected(frozenset(["step"])) == {"SB101"}
    assert not silence.expected(frozenset(["loss"]))


def program(text: str) -> Program:
    return next(engine.analyse(parse(text, Path("train.py")), {}, set()))


def test_narrow_questions_are_parts_of_the_wide_ones() -> None:
    p = program(CODE)

    def last(event: Event) -> str:
        return event.name.rsplit(".", 1)[-1]

    def makes(event: Event) -> bool:
        return event.result is not None and "optimizer" in (event.result.kind, event.result.name)

    assert p.calls("mean", "max") == [e for e in p.all("call") if last(e) in ("mean", "max")] != []
    assert p.first_calls("randn") == [e for e in p.once("call") if last(e) == "randn"] != []
    assert p.makers("optimizer") == [e for e in p.all("call") if makes(e)] != []
    assert p.first_makers("optimizer", "Adam") == [e for e in p.once("call") if makes(e)] != []
    assert p.made("div", "softmax") == [v for v in p.values() if v.name in ("div", "softmax")] != []
    assert set(p.made("loss")) <= set(p.anywhere("loss"))
    assert all(v.kind == "params" for v in p.of_kind("params"))


def test_everything_that_can_be_asked_for_and_is_there_is_present() -> None:
    p = program(CODE)
    present = p.present()
    p.cache.begin()
    asked = [p.all("loss"), list(p.once("backward")), p.calls("randn"), p.makers("Adam"), p.made("div")]
    asked += [p.of_kind("params"), p.events, p.assigns, list(p.nodes(ast.For))]
    assert all(asked)
    assert len(p.cache.all_asked()) == len(asked)
    assert p.cache.all_asked() <= present
    assert not {"step_back", ".zeros", asking.CLASSES, ast.While} & present


@pytest.mark.parametrize("path", SCRIPTS[::150], ids=lambda p: p.parent.name)
def test_a_walk_over_syntax_is_that_of_the_standard_library_without_contexts(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    wanted = [n for n in ast.walk(tree) if not isinstance(n, ast.expr_context)]
    assert syntax.walk(tree) == wanted
    assert syntax.walk(tree) is syntax.walk(tree)


@given(st.lists(st.lists(st.integers(0, 30), max_size=3), min_size=1, max_size=30), st.data())
def test_a_remembered_way_is_the_way_however_far_it_was_walked(links: list[list[int]], data: st.DataObject) -> None:
    vals = [Val("tensor", f"op{i % 3}") for i in range(len(links))]
    for val, inner in zip(vals, links, strict=True):
        val.args = tuple(vals[i % len(vals)] for i in inner)
    through = data.draw(st.sampled_from([None, frozenset(["op0", "op1"])]))
    limits = data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=5))
    plain = [list(values.ancestors(vals[0], through, limit)) for limit in limits]
    values.settle(True)
    try:
        for limit, wanted in zip(limits, plain, strict=True):
            next(values.ancestors(vals[0], through), None)
            assert list(values.ancestors(vals[0], through, limit)) == wanted
            assert len(wanted) <= limit
    finally:
        values.settle(False)

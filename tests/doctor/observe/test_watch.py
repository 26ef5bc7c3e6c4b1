"""``watch``: what it takes, what it says, and that watches may be open in any order."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules import module as hooks

from seedbed.doctor.observe import site
from seedbed.doctor.watch import watch
from seedbed.errors import ConfigError


@pytest.fixture(autouse=True)
def _is_the_users_file() -> None:
    site._USER[__file__] = True


class Loop:
    def __init__(self) -> None:
        self.model = nn.Linear(3, 1)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-3)

    def run(self, steps: int, clear: bool = True) -> None:
        for _ in range(steps):
            if clear:
                self.optimizer.zero_grad()
            F.mse_loss(self.model(torch.randn(16, 3)), torch.randn(16, 1)).backward()
            self.optimizer.step()


def in_place() -> tuple[Any, ...]:
    lists = (
        hooks._global_forward_hooks,
        hooks._global_forward_pre_hooks,
        hooks._global_parameter_registration_hooks,
        hooks._global_module_registration_hooks,
    )
    owned = (torch.Tensor.backward, F.mse_loss, torch.save, nn.Module.state_dict, nn.Module.train, warnings.showwarning)
    return (*owned, *map(len, lists), torch.overrides._get_current_function_mode())


def codes(doctor: watch) -> list[str]:
    return [finding.code for finding in doctor.findings]


# -- what it takes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        (("foo",), {}, r"watch\(\.\.\.\) got 'foo' \(str\); expected is a model"),
        ((3, None), {}, r"got 3 \(int\)"),
        ((None,), {}, "got None"),
        ((nn.Linear,), {}, r"got the class Linear itself; give an object of it, Linear\(\.\.\.\)"),
        ((nn.Linear(1, 1).parameters(),), {}, "got a generator, as model.parameters"),
        (([nn.Linear(1, 1).weight],), {}, "got an object of type Parameter"),
        ((), {"optimizer": nn.Linear(1, 1)}, r"watch\(optimizer=\.\.\.\) got an object of type Linear; .*an optimizer"),
        ((), {"model": F.mse_loss}, r"watch\(model=\.\.\.\) got an object of type function"),
        ((), {"loss_fn": "mse"}, r"watch\(loss_fn=\.\.\.\) got 'mse' \(str\)"),
        ((), {"steps": -1}, r"steps=-1\) must be a whole number of optimizer steps, 1 or more"),
        ((), {"steps": "5"}, "steps='5'"),
        ((), {"steps": True}, "steps=True"),
    ],
)
def test_what_is_no_part_of_a_training_is_refused(given: Any, options: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        watch(*given, **options)


def test_models_optimizers_and_losses_are_taken_also_as_lists_and_by_keyword() -> None:
    loop = Loop()
    watch(loop.model, loop.optimizer, nn.MSELoss())
    watch(F.mse_loss, [loop.optimizer], (loop.model, lambda a, b: a - b))
    doctor = watch(model=[loop.model], optimizer=(loop.optimizer,), loss_fn=F.mse_loss, steps=7)
    assert doctor.optimizers == [loop.optimizer]


# -- what it says ----------------------------------------------------------------------------------------------


def test_one_line_tells_that_nothing_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    loop = Loop()
    with watch(loop.optimizer):
        loop.run(20)
    with watch(steps=5):
        loop.run(8)
    with pytest.raises(KeyError), watch():
        loop.run(1)
        raise KeyError
    assert capsys.readouterr() == (
        "",
        "seedbed watched 20 optimizer steps: nothing found\n"
        "seedbed watched 8 optimizer steps (the first 5 closely): nothing found\n"
        "seedbed watched 1 optimizer step until the KeyError: nothing found\n",
    )


def test_a_block_that_trains_nothing_does_not_look_like_a_clean_one(capsys: pytest.CaptureFixture[str]) -> None:
    loop = Loop()

    class Own:
        def step(self) -> None:
            with torch.no_grad():
                for parameter in loop.model.parameters():
                    parameter -= 0.1 * parameter.grad

    with watch():
        loop.model(torch.ones(1, 3))
    with watch():
        loop.model(torch.ones(1, 3)).sum().backward()
        Own().step()
    first, second = capsys.readouterr().err.splitlines()
    assert first == "seedbed watched 0 optimizer steps: nothing was trained inside the with-block"
    assert second.startswith("seedbed watched 0 optimizer steps: backward() ran, but no torch.optim.Optimizer made a")


def test_a_finding_is_written_and_says_how_many_steps_were_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    loop = Loop()
    with watch(loop.model, loop.optimizer) as doctor:
        loop.run(20, clear=False)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"SB101 error  {__file__}:")
    assert "steps that were looked at" in lines[0]
    assert doctor.findings[0].evidence.keys() == {"steps_looked_at", "stale"}


def test_quiet_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    loop = Loop()
    with watch(quiet=True) as doctor:
        loop.run(8, clear=False)
    assert codes(doctor) == ["SB101"]
    assert capsys.readouterr() == ("", "")


# -- in any order ----------------------------------------------------------------------------------------------


def test_one_watch_may_be_used_again_but_not_inside_itself() -> None:
    before, loop = in_place(), Loop()
    doctor = watch(loop.optimizer, quiet=True)
    with pytest.raises(ConfigError, match="open already"), doctor, doctor:
        pass
    assert in_place() == before
    with doctor:
        loop.run(8, clear=False)
    assert codes(doctor) == ["SB101"]
    with doctor:
        loop.run(8)
    assert codes(doctor) == []
    with pytest.raises(ConfigError, match="is not open"):
        doctor.__exit__(None, None, None)
    assert in_place() == before


@pytest.mark.parametrize("before_second", [0, 2])
@pytest.mark.parametrize("order", ["first out first", "last out first"])
def test_watches_that_overlap_both_see_what_runs(order: str, before_second: int) -> None:
    before, loop = in_place(), Loop()
    first, second = watch(quiet=True), watch(quiet=True)
    first.__enter__()
    loop.run(before_second, clear=False)
    second.__enter__()
    outer, inner = (second, first) if order == "first out first" else (first, second)
    loop.run(8, clear=False)
    inner.__exit__(None, None, None)
    assert F.mse_loss is not before[1]
    loop.run(8, clear=False)
    outer.__exit__(None, None, None)
    assert codes(first) == codes(second) == ["SB101"]
    assert in_place() == before


def test_a_watch_opened_below_another_one_sees_all_of_the_loop() -> None:
    before, loop = in_place(), Loop()
    first, second = watch(quiet=True), watch(quiet=True)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    loop.run(8, clear=False)
    second.__exit__(None, None, None)
    assert (codes(first), codes(second)) == ([], ["SB101"])
    assert in_place() == before


def test_what_others_put_over_a_function_stays_when_the_watch_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    original, loop = F.mse_loss, Loop()
    monkeypatch.setattr(F, "mse_loss", original)  # put back whatever happens
    with watch(quiet=True):
        inner = F.mse_loss

        def own(*args: Any, **options: Any) -> torch.Tensor:
            return inner(*args, **options)

        F.mse_loss = own
    assert F.mse_loss is own
    loop.run(1)


def test_a_mode_of_the_script_outlives_the_watch() -> None:
    before = in_place()
    doctor = watch(quiet=True)
    doctor.__enter__()
    with torch.device("meta"):
        doctor.__exit__(None, None, None)
        assert torch.ones(2).is_meta
    assert not torch.ones(2).is_meta
    assert in_place() == before


def test_an_open_watch_does_not_take_the_end_of_another_one_for_the_script() -> None:
    loop = Loop()
    with watch(quiet=True) as outer:
        with watch(quiet=True):
            loop.run(8)
        assert outer._recorder is not None
        seen = len(outer._recorder.record.forwards)
    assert seen == 8
    assert codes(outer) == []


# -- where it runs ---------------------------------------------------------------------------------------------

TYPED = """
import torch
from torch import nn
import seedbed as sb
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
with sb.watch(model, optimizer):
    for _ in range(8):
        nn.functional.mse_loss(model(torch.randn(16, 3)), torch.randn(16, 1)).backward()
        optimizer.step()
"""


def test_what_comes_from_standard_input_is_the_users_code(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-"], input=TYPED, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("SB101 error  <stdin>:9  zero_grad() is missing")


@pytest.mark.slow
def test_a_notebook_shows_the_cell_and_the_closing_line(tmp_path: Path) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    head, _, loop = TYPED.partition("with sb")
    right = loop.replace("        optimizer.step()", "        optimizer.step(); optimizer.zero_grad()")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(text.strip()) for text in (head, "with sb" + loop, "with sb" + right)]
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": os.fspath(tmp_path)}}).execute()
    wrong, clean = ("".join(o["text"] for o in cell.outputs) for cell in notebook.cells[1:])
    assert wrong.startswith("SB101 error  cell [2], line 3  zero_grad() is missing")
    assert len(wrong.splitlines()) == 1
    assert clean == "seedbed watched 8 optimizer steps: nothing found\n"

"""Which console, and the plain one."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
import torch

from seedbed.errors import ConfigError
from seedbed.tracking import console as module
from seedbed.tracking.console import Plain, Silent, choose_console
from seedbed.tracking.notebook import Notebook
from seedbed.tracking.terminal import Terminal


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_auto_takes_what_suits_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(choose_console("auto", io.StringIO())) is Plain
    assert type(choose_console("auto", FakeTerminal())) is Terminal
    assert type(choose_console("plain", FakeTerminal())) is Plain
    assert type(choose_console("rich", io.StringIO())) is Terminal
    assert type(choose_console("silent")) is Silent
    assert type(choose_console("notebook")) is Notebook
    monkeypatch.setattr(module, "in_notebook", lambda: True)
    assert type(choose_console("auto")) is Notebook
    closed = io.StringIO()
    closed.close()
    assert type(choose_console("auto", closed)) is Plain


def test_with_json_everything_goes_to_stderr(capsys: pytest.CaptureFixture[str], events: list[dict[str, Any]]) -> None:
    console = choose_console("json")
    for event in events:
        console.write(event)
    console.close()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "epoch 2/2" in captured.err


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no console 'tqdm'; choose one of auto, rich"):
        choose_console("tqdm")


def test_silent_says_nothing(capsys: pytest.CaptureFixture[str], events: list[dict[str, Any]]) -> None:
    for event in events:
        choose_console("silent").write(event)
    assert capsys.readouterr() == ("", "")


def test_plain_prints_a_line_per_epoch_and_the_results(events: list[dict[str, Any]]) -> None:
    stream = io.StringIO()
    console = Plain(stream)
    for event in events:
        console.write(event)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("4,810 parameters")
    assert lines[1].startswith("epoch 1/2  loss 1.000  val_loss 0.5000")
    assert lines[2] == "a note with [brackets]"
    assert lines[3].endswith("(best)")
    assert lines[-1] == "finished after 1:02, 20 updates: runs/a/1"
    assert len(lines) == 9
    assert stream.getvalue().isascii()


def test_plain_prints_progress_every_few_seconds(make_record: Any, clock: Any) -> None:
    stream = io.StringIO()
    console = Plain(stream, interval=5.0, clock=clock)
    for step in range(1, 13):
        clock.now = float(step)
        console.tick(make_record(step, loss=1 / step), 100)
    lines = stream.getvalue().splitlines()
    assert lines == [
        "step 6/100  epoch 1  loss 0.1667  rate 0.001  32 samples/s  1:34 to go",
        "step 11/100  epoch 1  loss 0.0909  rate 0.001  32 samples/s  1:29 to go",
    ]


class Unreadable(torch.Tensor):
    """A loss that must not be read by the host."""

    def __float__(self) -> float:
        raise AssertionError("the loss was read from the device")

    item = __float__  # type: ignore[assignment]


@pytest.mark.parametrize("kind", ["plain", "rich", "notebook"])
def test_the_loss_is_read_only_when_it_is_shown(kind: str, make_record: Any, clock: Any) -> None:
    console: Any
    if kind == "plain":
        console = Plain(io.StringIO(), clock=clock)
    elif kind == "rich":
        console = Terminal(io.StringIO(), clock=clock, interval=1.0)
    else:
        console = Notebook(clock=clock, interval=1.0)
        console._display = lambda block, display_id: None
    console.tick(make_record(1), 10)
    secret = torch.tensor(1.0).as_subclass(Unreadable)
    for step in range(2, 6):
        console.tick(make_record(step, loss=secret), 10)
    clock.now = 100.0
    with pytest.raises(AssertionError, match="was read"):
        console.tick(make_record(6, loss=secret), 10)


def test_a_path_that_the_locale_cannot_spell_is_escaped() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Plain(stream).write({"event": "note", "text": "läuft"})
    assert raw.getvalue() == b"l\\xe4uft\n"


def test_plain_loads_neither_rich_nor_torch() -> None:
    code = (
        "import sys; from seedbed.tracking.console import choose_console; choose_console('plain');"
        "print([name for name in ('rich', 'torch', 'IPython') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"

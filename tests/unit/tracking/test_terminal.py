"""The live console."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console

from seedbed.tracking.terminal import Terminal, fit


def terminal(width: int = 110, **options: Any) -> tuple[Terminal, io.StringIO]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, highlight=False, legacy_windows=False)
    return Terminal(console=console, **options), stream


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_run_shows_epochs_under_one_header_and_a_table(events: list[dict[str, Any]], make_record: Any) -> None:
    shown, stream = terminal()
    for event in events:
        shown.write(event)
        shown.tick(make_record(3, loss=2.0), 20)
    shown.close()
    text = plain(stream.getvalue())
    assert text.count("val_accuracy") == 1
    assert re.search(r"2/2 +0\.5000 +0\.2500 +0\.9000 +0\.8000 +0\.01 +1,234 +0\.5 s +best", text)
    assert "3/20 loss 2.000 rate 0.001" in text
    assert "a note with [brackets]" in text
    assert re.search(r"accuracy +0\.9000 +0\.9500", text)
    assert "best: min val_loss = 0.2500 at epoch 2, step 20" in text


def test_a_thousand_fast_epochs_don_t_draw_a_thousand_times(
    events: list[dict[str, Any]], make_record: Any, clock: Any
) -> None:
    shown, stream = terminal(clock=clock, interval=0.1)
    shown.write(events[0])
    shown.tick(make_record(1), 20)
    before = len(stream.getvalue())
    for epoch in range(1000):
        shown.write({**events[3], "epoch": epoch})
    assert len(stream.getvalue()) == before
    shown.close()
    assert len(re.findall(r"\d+/2 +1\.000", plain(stream.getvalue()))) == 1000


def test_the_bar_waits_for_its_time(make_record: Any, events: list[dict[str, Any]], clock: Any) -> None:
    shown, stream = terminal(clock=clock, interval=0.1)
    shown.write(events[0])
    for step in range(1, 101):
        clock.now = step / 100
        shown.tick(make_record(step), 100)
    text = plain(stream.getvalue())
    drawn = re.findall(r"(\d+)/100", text)
    assert 9 <= len(set(drawn)) <= 11
    assert "3,200 samples/s" in text
    shown.close()


def test_the_cursor_comes_back_even_without_an_end(events: list[dict[str, Any]]) -> None:
    shown, stream = terminal()
    shown.write(events[0])
    assert "\x1b[?25l" in stream.getvalue()
    shown.close()
    shown.close()
    assert stream.getvalue().count("\x1b[?25h") == 1


def test_a_narrow_terminal_drops_columns_instead_of_breaking_lines(events: list[dict[str, Any]]) -> None:
    shown, stream = terminal(width=50, live=False)
    for event in events:
        shown.write(event)
    assert max(len(line) for line in plain(stream.getvalue()).splitlines()) <= 50
    assert "val_loss" in stream.getvalue()


@pytest.mark.parametrize(
    ("room", "kept"),
    [
        (200, ["epoch", "loss", "val_loss", "val_accuracy", "rate", "samples/s", "time"]),
        (60, ["epoch", "loss", "val_loss", "rate", "samples/s", "time"]),
        (45, ["epoch", "loss", "val_loss", "rate", "time"]),
        (38, ["epoch", "loss", "val_loss", "time"]),
        (5, ["epoch", "loss", "time"]),
    ],
)
def test_the_most_important_columns_stay(room: int, kept: list[str]) -> None:
    assert fit(["epoch", "loss", "val_loss", "val_accuracy", "rate", "samples/s", "time"], room) == kept


def test_a_training_of_unknown_length_has_a_bar_without_an_end(make_record: Any, events: list[dict[str, Any]]) -> None:
    shown, stream = terminal()
    shown.write({**events[0], "epochs": None})
    shown.tick(make_record(7, loss=float("nan")), None)
    text = plain(stream.getvalue())
    assert "step 7 loss nan" in text
    shown.close()


def test_resumed_it_says_from_where(events: list[dict[str, Any]]) -> None:
    shown, stream = terminal()
    shown.write({"event": "resume", "step": 10, "checkpoint": "step-00000010", "epochs": 2})
    shown.write(events[7])
    shown.close()
    assert "2/2" in stream.getvalue()
    assert "going on from step-00000010 (step 10)" in plain(stream.getvalue())

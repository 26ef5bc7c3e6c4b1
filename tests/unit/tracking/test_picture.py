"""The picture of the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from seedbed.tracking.picture import draw, main


def words(svg: str) -> str:
    text = "".join(ElementTree.fromstring(svg).itertext())
    return text.replace("\xa0", " ")


def test_the_picture_shows_epochs_bar_and_results(events: list[dict[str, Any]]) -> None:
    text = words(draw(events, "seedbed train digits"))
    for part in ("seedbed train digits", "val_accuracy", "2/2", "20/20", "loss nan", "0.9500", "best: min val_loss"):
        assert part in text


def test_the_same_run_gives_the_same_picture_and_it_fetches_nothing(events: list[dict[str, Any]]) -> None:
    svg = draw(events)
    assert svg == draw(events)
    assert "url(http" not in svg
    assert "@font-face" not in svg


def test_it_is_drawn_from_a_run_folder(tmp_path: Path, events: list[dict[str, Any]]) -> None:
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    assert main([str(tmp_path), str(tmp_path / "a.svg"), "title here"]) == 0
    assert "title here" in words((tmp_path / "a.svg").read_text())


def test_a_wrong_use_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
    assert main([str(tmp_path / "nothing"), "b.svg"]) == 1
    assert "does not exist; give a run folder" in capsys.readouterr().err

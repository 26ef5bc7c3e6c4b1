"""What a cell of a notebook only shows changes no value of the program."""

from __future__ import annotations

import json
from pathlib import Path

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_paths

TABLE = "import torch\ntable = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])"


def _codes(folder: Path, *cells: str) -> set[str]:
    book = {"cells": [{"cell_type": "code", "source": c} for c in cells], "nbformat": 4, "nbformat_minor": 5}
    path = folder / "lesson.ipynb"
    path.write_text(json.dumps(book), encoding="utf-8")
    return {f.code for f in check_paths([path]) if f.severity >= Severity.WARNING}


def test_a_view_that_a_cell_shows_beside_the_transpose_is_a_lesson(tmp_path: Path) -> None:
    assert not _codes(tmp_path, TABLE, "table.view(3, 2)", "table.T", "print(table @ table.T)")


def test_a_view_that_is_kept_in_place_of_a_transpose_is_a_mistake(tmp_path: Path) -> None:
    assert "SB214" in _codes(tmp_path, TABLE, "turned = table.view(3, 2)", "print(table @ turned)")


LOAD = "net.load_state_dict(torch.load('net.pt'), strict=False)"
NET = "import torch\nfrom torch import nn\nnet = nn.Linear(4, 2)"
USE = "net.eval()\nprint(net(torch.ones(1, 4)))"


def test_missing_keys_that_a_cell_shows_are_seen(tmp_path: Path) -> None:
    assert "SB606" not in _codes(tmp_path, NET, "net.train()\n" + LOAD, USE)


def test_missing_keys_that_no_cell_shows_are_hidden(tmp_path: Path) -> None:
    for cell in (LOAD + ";", LOAD + "\nnet.train()", "if True:\n    " + LOAD):
        assert "SB606" in _codes(tmp_path, NET, cell, USE)


def test_a_script_that_is_cut_into_cells_shows_the_last_line_of_each(tmp_path: Path) -> None:
    path = tmp_path / "lesson.py"
    for cut, found in (("#%%", False), ("# %% [markdown]", False), ("# then", True)):
        path.write_text(f"{TABLE}\n{cut}\ntable.clamp(0, 2)\n{cut}\nprint(table.sum())\n", encoding="utf-8")
        codes = {f.code for f in check_paths([path]) if f.severity >= Severity.WARNING}
        assert ("SB215" in codes) is found, cut

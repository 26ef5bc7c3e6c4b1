"""Which folders are not looked into."""

from __future__ import annotations

from pathlib import Path

from seedbed.doctor.static.files import find_files


def test_copies_that_a_notebook_server_keeps_are_not_read_again(tmp_path: Path) -> None:
    copies = tmp_path / ".ipynb_checkpoints"
    copies.mkdir()
    (copies / "train-checkpoint.ipynb").write_text("{}")
    (tmp_path / "train.ipynb").write_text("{}")
    assert find_files([tmp_path]) == [tmp_path / "train.ipynb"]

"""Requests to stop, wherever they come: while fitting, evaluating, testing, and in a notebook."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from killing import make_config, write_project

from seedbed import closing, run, session
from seedbed.data.loader import Data
from seedbed.errors import ConfigError
from seedbed.result import Options
from seedbed.run import train
from seedbed.rundir import read_events


def quiet(out: Path) -> Options:
    return Options(out=out, console="silent", probe=False)


def signalled(function: Any, number: int = 1) -> Any:
    """The function, sending this process a SIGTERM at its n-th call."""
    calls = [0]

    def call(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == number:
            os.kill(os.getpid(), signal.SIGTERM)
        return function(*args, **kwargs)

    return call


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Data, "fit"), (session, "evaluate"), (closing, "evaluate"), (run, "steps"), (run, "finish")],
    ids=["fitting", "evaluating", "testing at the end", "starting", "finishing"],
)
def test_a_stop_in_any_part_of_a_run_is_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    config = make_config("full")
    config["trainer"]["epochs"] = 2
    config["data"]["args"]["test"] = 16
    path = write_project(tmp_path / "project", config)
    straight = train(path, (), quiet(tmp_path / "straight"))
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, signalled(getattr(owner, name)))
        stopped = train(path, (), quiet(tmp_path / "run"))
    assert stopped.status == "interrupted"
    again = train(path, (), quiet(tmp_path / "run"))
    assert (again.weights_sha256, again.metrics) == (straight.weights_sha256, straight.metrics)
    kinds = [event["event"] for event in read_events(tmp_path / "run" / "events.jsonl")]
    assert kinds.count("end") == 1


def test_a_time_limit_stops_and_the_next_start_has_its_own(tmp_path: Path) -> None:
    config = make_config("full")
    path = write_project(tmp_path / "project", config)
    straight = train(path, (), quiet(tmp_path / "straight"))
    config["trainer"]["time_limit"] = 0.02
    path.write_text(json.dumps(config))
    for _ in range(2000):  # on a busy machine a start may make one update
        result = train(path, (), quiet(tmp_path / "run"))
        if result.status == "finished":
            break
    assert (result.status, result.weights_sha256) == (straight.status, straight.weights_sha256)
    reasons = {e["reason"] for e in read_events(tmp_path / "run" / "events.jsonl") if e["event"] == "signal"}
    assert reasons == {"time limit"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_an_error_before_anything(tmp_path: Path) -> None:
    path = write_project(tmp_path / "project", make_config("full"))
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    with pytest.raises(ConfigError, match="cannot be written"):
        train(path, (), quiet(folder))


CELLS = [
    """
import os, signal, threading, time
from seedbed.run import train
from seedbed.result import Options
PATH = {path!r}
straight = train(PATH, (), Options(out="straight", console="silent"))
def interrupt():
    while not os.path.isdir("run/checkpoints/step-00000006"):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)  # what the stop button sends
threading.Thread(target=interrupt, daemon=True).start()
first = train(PATH, ("trainer.epochs=12",), Options(out="run", console="silent"))
print(first.status)
""",
    """
again = train(PATH, (), Options(out="run", console="silent"))
print(again.status, again.weights_sha256 == straight.weights_sha256)
""",
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_stop_button_of_a_notebook_saves_and_the_cell_goes_on(tmp_path: Path) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    path = write_project(tmp_path / "project", make_config("full"))
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(CELLS[0].format(path=str(path))), nbformat.v4.new_code_cell(CELLS[1])]
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbclient.NotebookClient(book, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    texts = ["".join(output.get("text", "") for output in cell.outputs) for cell in book.cells]
    assert "interrupted" in texts[0], texts
    assert texts[1].strip() == "finished True"

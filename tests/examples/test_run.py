"""Every example runs for a few steps from its folder, and does what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from seedbed.result import Options, Result
from seedbed.run import train

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = sorted(path.name for path in EXAMPLES.iterdir() if (path / "config.json").is_file())
pytestmark = pytest.mark.slow


def run(name: str, out: Path, *overrides: str) -> Result:
    return train(EXAMPLES / name / "config.json", overrides, Options(out=out, console="silent"))


@pytest.mark.parametrize("name", [name for name in FOLDERS if name != "transfer"])
def test_an_example_runs_for_a_few_steps(name: str, tmp_path: Path) -> None:
    assert run(name, tmp_path / "run", "trainer.steps=3").step == 3


def test_an_example_has_at_most_one_python_file() -> None:
    for folder in EXAMPLES.iterdir():
        if folder.is_dir():
            assert len(list(folder.glob("*.py"))) <= 1


def test_workers_change_no_number_of_a_data_set_that_draws_from_the_global_generators(tmp_path: Path) -> None:
    weights = {
        run("custom_dataset", tmp_path / str(n), "trainer.steps=6", f"data.args.num_workers={n}").weights_sha256
        for n in (0, 1, 2)
    }
    assert len(weights) == 1


def test_the_mesh_is_in_the_tensorboard_files(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run("mesh", tmp_path / "run", "trainer.steps=3")
    reader = EventAccumulator(str(tmp_path / "run" / "tensorboard"), size_guidance={"tensors": 0})
    reader.Reload()
    assert {"surface_VERTEX", "surface_FACE", "surface_COLOR"} <= set(reader.Tags()["tensors"])


def test_a_kind_of_media_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    from seedbed.errors import ConfigError
    from seedbed.tracking.samples import write_media
    from seedbed.tracking.tracker import Trackers

    with pytest.raises(ConfigError, match="of the kind 'meh'; choose one of histogram"):
        write_media(Trackers([]), {"surface": ("meh", None)}, 1)


def test_transfer_loads_all_but_the_last_layer_and_trains_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seedbed.checkpoint.weights import read_weights

    monkeypatch.chdir(tmp_path)
    pretrain = EXAMPLES / "transfer" / "pretrain.json"
    train(pretrain, ["trainer.epochs=1"], Options(out=tmp_path / "pretrained", console="silent"))
    run("transfer", tmp_path / "run", "trainer.epochs=2")
    before, after = read_weights(tmp_path / "pretrained"), read_weights(tmp_path / "run")
    same = {name for name, tensor in after.items() if torch.equal(tensor, before[name][: len(tensor)])}
    assert set(after) - same == {"classifier.4.weight", "classifier.4.bias"}
    start = json.loads((tmp_path / "run" / "events.jsonl").read_text().splitlines()[0])
    assert any("2 of another shape" in note for note in start["notes"])


def test_an_own_loop_that_was_killed_goes_on_with_the_same_bits(load_example, tmp_path: Path) -> None:
    loop = load_example("own_loop", "loop")
    loop.EPOCHS = 3
    straight = loop.main(tmp_path / "straight")
    loop.main(tmp_path / "killed", stop_after=70)
    again = loop.main(tmp_path / "killed")
    pairs = zip(straight.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_own_loop_is_a_script(tmp_path: Path) -> None:
    script = EXAMPLES / "own_loop" / "loop.py"
    done = subprocess.run(
        [sys.executable, str(script), "ck"],
        cwd=tmp_path, capture_output=True, text=True, timeout=200, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) > 0.9

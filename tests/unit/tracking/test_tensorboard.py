"""TensorBoard files, read back with TensorBoard's own reader."""

from __future__ import annotations

import io
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData
from tensorboard.util import tensor_util
from torch import nn

from seedbed.tracking.media import write_histograms, write_pictures
from seedbed.tracking.tensorboard import TensorBoard, flatten


def read(folder: Path) -> EventAccumulator:
    reader = EventAccumulator(str(folder), size_guidance={"tensors": 0, "histograms": 0, "images": 0, "scalars": 0})
    reader.Reload()
    return reader


def values(reader: EventAccumulator, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in reader.Scalars(tag)]


@pytest.fixture
def board(tmp_path: Path) -> TensorBoard:
    return TensorBoard(tmp_path / "tensorboard")


def test_the_numbers_of_a_run_read_back(tmp_path: Path, events: list[dict[str, Any]]) -> None:
    board = TensorBoard(tmp_path, {"optimizer": {"type": "AdamW", "args": {"lr": 0.01}}, "seed": 3, "ema": None})
    for event in events:
        board.write(event)
    board.close()
    reader = read(tmp_path)
    (first, second) = values(reader, "train/loss")
    assert first == (5, 2.25)
    assert second[0] == 15
    assert math.isnan(second[1])
    assert values(reader, "train/penalty") == [(5, 0.25)]
    assert values(reader, "val/accuracy") == [(10, pytest.approx(0.9))]
    assert values(reader, "test/loss") == [(20, pytest.approx(0.3))]
    assert values(reader, "epoch/accuracy") == [(10, pytest.approx(0.8)), (20, pytest.approx(0.8))]
    assert not any("confusion" in tag for tag in reader.Tags()["scalars"])
    note = tensor_util.make_ndarray(reader.Tensors("log/note/text_summary")[0].tensor_proto)
    assert note.item() == b"a note with [brackets]"


def test_the_config_and_the_results_read_back_as_hparams(tmp_path: Path, events: list[dict[str, Any]]) -> None:
    board = TensorBoard(tmp_path, {"optimizer": {"type": "AdamW", "args": {"lr": 0.01}}, "seed": 3, "betas": [1, 2]})
    board.write(events[-1])
    board.close()
    reader = read(tmp_path)
    content = reader.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    info = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    assert info.hparams["optimizer.type"].string_value == "AdamW"
    assert info.hparams["optimizer.args.lr"].number_value == 0.01
    assert info.hparams["betas"].string_value == "[1, 2]"
    experiment = plugin_data_pb2.HParamsPluginData.FromString(
        reader.summary_metadata["_hparams_/experiment"].plugin_data.content
    ).experiment
    assert {metric.name.tag for metric in experiment.metric_infos} >= {"hparam/val_loss", "hparam/test_accuracy"}
    assert values(reader, "hparam/test_accuracy") == [(20, pytest.approx(0.95))]
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_resumed_run_voids_what_was_written_after_the_checkpoint(
    tmp_path: Path, events: list[dict[str, Any]]
) -> None:
    for loss, first in ((1.0, {"event": "start", "step": 0}), (9.0, {"event": "resume", "step": 10})):
        board = TensorBoard(tmp_path)
        board.write(first)
        for step in (5, 15) if loss == 1.0 else (15,):
            board.write({**events[1], "step": step, "loss": loss})
        board.close()
    assert values(read(tmp_path), "train/loss") == [(5, 1.0), (15, 9.0)]


def test_weights_and_gradients_read_back_as_histograms(board: TensorBoard) -> None:
    net = nn.Linear(4, 3)
    net(torch.ones(2, 4)).sum().backward()
    write_histograms(board, net, 7)
    board.close()
    reader = read(board.folder)
    assert sorted(reader.Tags()["histograms"]) == [
        "gradients/bias", "gradients/weight", "weights/bias", "weights/weight",
    ]  # fmt: skip
    (histogram,) = reader.Histograms("weights/weight")
    assert (histogram.step, histogram.histogram_value.num) == (7, 12)
    assert histogram.histogram_value.max == pytest.approx(net.weight.max().item())


def test_a_histogram_leaves_out_what_is_not_finite(board: TensorBoard) -> None:
    board.media("histogram", "h", torch.tensor([1.0, math.nan, 2.0, math.inf]), 0)
    board.media("histogram", "nothing", torch.tensor([math.nan]), 0)
    board.close()
    reader = read(board.folder)
    assert reader.Tags()["histograms"] == ["h"]
    assert reader.Histograms("h")[0].histogram_value.num == 2


def test_pictures_with_prediction_and_truth_read_back(board: TensorBoard) -> None:
    write_pictures(board, torch.rand(5, 1, 8, 8), [0, 1, 2, 3, 4], [0, 1, 2, 3, 0], 3, classes=list("abcde"))
    board.close()
    (event,) = read(board.folder).Images("samples/predictions")
    picture = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)).convert("RGB"))
    assert picture.shape == (event.height, event.width, 3)
    assert event.step == 3
    assert (picture == (200, 30, 30)).all(-1).any(), "the wrong one has a red caption"
    assert (picture == (22, 130, 60)).all(-1).any(), "the right ones have green captions"


@pytest.mark.parametrize(
    ("shape", "kind"),
    [((8, 9), "image"), ((3, 8, 9), "image"), ((8, 9, 3), "image"), ((1, 8, 9), "image"), ((4, 3, 8, 9), "images")],
)
def test_a_picture_may_have_any_usual_layout(board: TensorBoard, shape: tuple[int, ...], kind: Any) -> None:
    board.media(kind, "x", torch.rand(shape), 0)
    board.close()
    (event,) = read(board.folder).Images("x")
    assert (event.height, event.width) == ((8, 9) if kind == "image" else (8, 36))


def test_text_reads_back(board: TensorBoard) -> None:
    board.media("text", "config", "    {}", 0)
    board.close()
    (event,) = read(board.folder).Tensors("config/text_summary")
    assert tensor_util.make_ndarray(event.tensor_proto).item() == b"    {}"


def test_a_mesh_reads_back(board: TensorBoard) -> None:
    vertices, faces = np.random.default_rng(0).normal(size=(5, 3)).astype("float32"), np.array([[0, 1, 2], [2, 3, 4]])
    colors = np.full((5, 3), 200)
    board.media("mesh", "shape", {"vertices": vertices, "faces": faces, "colors": colors}, 2)
    board.close()
    reader = read(board.folder)
    back = {tag: tensor_util.make_ndarray(reader.Tensors(tag)[0].tensor_proto) for tag in reader.Tags()["tensors"]}
    np.testing.assert_array_equal(back["shape_VERTEX"][0], vertices)
    np.testing.assert_array_equal(back["shape_FACE"][0], faces)
    np.testing.assert_array_equal(back["shape_COLOR"][0], colors)
    data = MeshPluginData.FromString(reader.summary_metadata["shape_VERTEX"].plugin_data.content)
    assert data.content_type == MeshPluginData.VERTEX
    board.media("mesh", "points", {"vertices": vertices}, 2)
    board.close()


class Noisy(nn.Module):
    """Moves everything that a forward pass can move."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout())
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        random.random()
        return self.layers(x) + torch.randn(3)  # type: ignore[no-any-return]


def test_the_graph_reads_back_and_drawing_it_changes_nothing(board: TensorBoard) -> None:
    net, inputs = Noisy().train(), torch.rand(2, 4)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    states = torch.get_rng_state(), random.getstate()
    board.media("graph", "model", (net, inputs), 0)
    board.close()
    nodes = {node.name for node in read(board.folder).Graph().node} if read(board.folder).Tags()["graph"] else set()
    assert any("Linear" in name for name in nodes)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert net.training
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]


class TakesDict(nn.Module):
    def forward(self, x: Any) -> Any:
        return x["nothing"]


def test_a_model_that_cannot_be_traced_gives_a_note_instead_of_a_graph(
    board: TensorBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    board.media("graph", "model", (TakesDict(), torch.rand(2)), 0)
    board.close()
    reader = read(board.folder)
    assert reader.Tags()["graph"] is False
    assert b"no graph" in tensor_util.make_ndarray(reader.Tensors("log/note/text_summary")[0].tensor_proto).item()
    assert capsys.readouterr().out == ""


def test_precision_recall_curve_sound_and_embedding_read_back(board: TensorBoard) -> None:
    board.media("pr_curve", "curve", (torch.tensor([0, 1, 1, 0]), torch.tensor([0.1, 0.8, 0.6, 0.7])), 1)
    board.media("audio", "sound", (np.sin(np.linspace(0, 50, 400)), 8000), 1)
    board.media("embedding", "vectors", (torch.eye(3), ["a", "b", "c"]), 1)
    board.close()
    reader = read(board.folder)
    curve = tensor_util.make_ndarray(reader.Tensors("curve")[0].tensor_proto)
    assert curve.shape == (6, 127)
    (sound,) = reader.Audio("sound")
    assert (sound.sample_rate, sound.length_frames) == (8000.0, 400)
    assert sound.encoded_audio_string.startswith(b"RIFF")
    (table,) = board.folder.rglob("tensors.tsv")
    assert np.allclose(np.loadtxt(table), np.eye(3))
    assert (table.parent / "metadata.tsv").read_text().split() == ["a", "b", "c"]
    assert "vectors" in (board.folder / "projector_config.pbtxt").read_text()


def test_weights_in_bfloat16_are_taken_too(board: TensorBoard) -> None:
    board.media("image", "x", torch.rand(8, 8).bfloat16(), 0)
    board.media("histogram", "h", torch.rand(8).bfloat16(), 0)
    board.close()
    assert read(board.folder).Tags()["images"] == ["x"]


def test_a_nested_config_becomes_one_level() -> None:
    assert flatten({"a": {"b": 1, "c": None, "d": [1]}, "e": "x", "f": True}) == {
        "a.b": 1, "a.c": "none", "a.d": "[1]", "e": "x", "f": True,
    }  # fmt: skip

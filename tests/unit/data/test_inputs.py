"""New inputs for a trained model: every form that is read, and every one that is refused with a sentence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seedbed.data.datasets.table import Table
from seedbed.data.inputs import encode_text, read_inputs
from seedbed.errors import DataError

IMAGES = {"task": "classification", "input_shape": [1, 4, 6]}


def test_arrays_are_read_from_npy_and_npz(tmp_path):
    x = np.random.default_rng(0).random((3, 1, 4, 6))
    np.save(tmp_path / "a.npy", x)
    np.savez(tmp_path / "b.npz", x=x, y=np.zeros(3))
    np.savez(tmp_path / "c.npz", anything=x)
    for name in ("a.npy", "b.npz", "c.npz"):
        found = read_inputs(str(tmp_path / name), IMAGES)
        assert found.tensor.dtype == torch.float32
        np.testing.assert_allclose(found.tensor.numpy(), x, rtol=1e-6)


def test_one_sample_without_its_first_dimension_is_taken_with_a_note(tmp_path):
    np.save(tmp_path / "one.npy", np.zeros((1, 4, 6)))
    found = read_inputs(str(tmp_path / "one.npy"), IMAGES)
    assert found.tensor.shape == (1, 1, 4, 6)
    assert found.notes == ("taken as one sample",)


def test_another_shape_is_refused_with_the_right_one(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 4, 4)))
    with pytest.raises(DataError, match=r"shape \(2, 4, 4\).*samples of shape \(1, 4, 6\).*\(N, 1, 4, 6\)"):
        read_inputs(str(tmp_path / "x.npy"), IMAGES)


def test_several_arrays_without_an_x_are_refused(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.zeros(2), b=np.zeros(2))
    with pytest.raises(DataError, match=r"holds a, b; call the inputs 'x'"):
        read_inputs(str(tmp_path / "x.npz"), IMAGES)


def test_an_image_takes_the_training_images_form_and_says_what_was_changed(tmp_path):
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (12, 8), (255, 255, 255)).save(tmp_path / "white.png")
    found = read_inputs(str(tmp_path / "white.png"), IMAGES)
    assert found.tensor.shape == (1, 1, 4, 6)
    assert found.tensor.min() == 1.0
    assert "made grey from RGB" in found.notes[0]
    assert "resized from 12×8 to 6×4" in found.notes[1]
    image.new("L", (6, 4)).save(tmp_path / "right.png")
    assert read_inputs(str(tmp_path / "right.png"), IMAGES).notes == ()


def test_a_table_is_encoded_as_the_training_rows_were(tmp_path):
    (tmp_path / "train.csv").write_text("colour,size,y\nred,1,0.5\nblue,2,1.5\nred,3,2.5\n")
    source = Table(path=str(tmp_path / "train.csv"), target="y", task="regression")
    *_, info = source.encode(source.train, None, None)
    (tmp_path / "new.csv").write_text("size,colour\n5,blue\n6,green\n")
    found = read_inputs(str(tmp_path / "new.csv"), info)
    assert info["feature_names"] == ["colour=blue", "colour=red", "size"]
    assert found.tensor.tolist() == [[1, 0, 5], [0, 0, 6]]


def test_a_text_is_a_prompt_and_so_is_what_a_txt_file_holds(tmp_path):
    info = {"task": "language", "vocabulary": ["a", "b"], "input_shape": [4]}
    (tmp_path / "p.txt").write_text("ba")
    assert read_inputs("ab", info).tensor.tolist() == [[0, 1]]
    assert read_inputs(str(tmp_path / "p.txt"), info).tensor.tolist() == [[1, 0]]


@pytest.mark.parametrize(("text", "message"), [("", "empty"), ("abc", "'c', which the training text never had")])
def test_a_prompt_of_nothing_or_of_unknown_characters_is_refused(text, message):
    with pytest.raises(DataError, match=message):
        encode_text(text, ["a", "b"])


@pytest.mark.parametrize(
    ("name", "content", "info", "message"),
    [
        ("absent.npy", None, IMAGES, "no such file"),
        ("x.csv", "a\n1\n", IMAGES, "not trained on a Table"),
        ("x.png", "no image", IMAGES, "cannot be read as an image"),
        ("x.png", "no image", {"input_shape": [64]}, r"shape \(64,\).*no fixed form"),
        ("x.png", "no image", {}, "no known shape.*no fixed form"),
        ("x.npy", "no array", IMAGES, "not a plain numpy file"),
        ("x.mp3", "sound", IMAGES, r"\.mp3 cannot be read as input"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path, name, content, info, message):
    pytest.importorskip("PIL.Image")
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        read_inputs(str(tmp_path / name), info)

"""Normalizers against scikit-learn, and what must never happen: a division by zero, a leak, a lost kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from torch.utils.data import Dataset

from seedbed.data.loader import prepare
from seedbed.data.normalizer import Normalizer, fit_moments, fit_robust, make_normalizer
from seedbed.data.options import LoaderOptions
from seedbed.data.samples import DatasetSamples, TensorSamples
from seedbed.data.source import Source
from seedbed.errors import CheckpointError, ConfigError, DataError

X = torch.from_numpy(np.random.default_rng(0).normal(3.0, [1e-3, 1.0, 50.0, 7.0], (257, 4)))
ORACLES: dict[str, Any] = {
    "zscore": StandardScaler(),
    "minmax": MinMaxScaler((-1, 1)),
    "minmax01": MinMaxScaler(),
    "robust": RobustScaler(),
}


def fitted(kind: Any, x: torch.Tensor, chunk: int = 100, **arguments: Any) -> Normalizer:
    normalizer = Normalizer(kind, **arguments)
    normalizer.fit(x.split(chunk), len(x))
    return normalizer


@pytest.mark.parametrize("kind", ORACLES)
@pytest.mark.parametrize("chunk", [1, 100, 1000])
def test_it_agrees_with_scikit_learn(kind: str, chunk: int) -> None:
    expected = ORACLES[kind].fit_transform(X.numpy())
    chunks = X.split(chunk)
    statistics = fit_robust(chunks, "auto") if kind == "robust" else fit_moments(chunks, kind, "auto")
    assert np.allclose((X.numpy() - statistics.shift) / statistics.scale, expected, rtol=0, atol=1e-9)
    assert torch.allclose(fitted(kind, X, chunk)(X), torch.from_numpy(expected), rtol=0, atol=2e-3)


@pytest.mark.parametrize("kind", ORACLES)
@pytest.mark.parametrize(("per", "shape"), [("auto", (3, 1, 1)), ("feature", (3, 5, 4)), ("global", (1, 1, 1))])
def test_statistics_are_shared_as_asked(kind: str, per: Any, shape: tuple[int, ...]) -> None:
    x = torch.randn(64, 3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    normalizer = fitted(kind, x, per=per)
    assert normalizer.shift_.shape == shape
    columns = {"auto": x.movedim(1, -1).reshape(-1, 3), "feature": x.reshape(64, -1), "global": x.reshape(-1, 1)}[per]
    expected = torch.from_numpy(ORACLES[kind].fit_transform(columns.numpy()))
    got = normalizer(x)
    got = {"auto": got.movedim(1, -1).reshape(-1, 3), "feature": got.reshape(64, -1), "global": got.reshape(-1, 1)}[per]
    assert torch.allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ORACLES)
@pytest.mark.parametrize("value", [0.0, 0.1, 1e8, -3.3])
def test_a_constant_feature_does_not_divide_by_zero(kind: str, value: float) -> None:
    x = torch.full((50, 1), value)
    normalizer = fitted(kind, x, chunk=7)
    assert torch.equal(normalizer(x), torch.zeros(50, 1))
    assert normalizer.scale_.item() == 1


@settings(deadline=None)
@given(kind=st.sampled_from(sorted(ORACLES)), seed=st.integers(0, 1000), scale=st.floats(0.01, 1000))
def test_the_inverse_gives_back_what_went_in(kind: str, seed: int, scale: float) -> None:
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(seed)) * scale + scale
    normalizer = fitted(kind, x)
    assert torch.allclose(normalizer.inverse(normalizer(x)), x, rtol=1e-5, atol=1e-4 * scale)


@pytest.mark.parametrize("kind", ORACLES)
def test_the_state_carries_statistics_and_kind(kind: str) -> None:
    normalizer = fitted(kind, X)
    state = normalizer.state_dict()
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    other = Normalizer(kind)  # type: ignore[arg-type]
    other.load_state_dict(state)
    assert torch.equal(other(X), normalizer(X))
    wrong = Normalizer("minmax" if kind != "minmax" else "zscore")
    with pytest.raises(CheckpointError, match=f"normalizer is '{kind}'"):
        wrong.load_state_dict(state)


def test_given_numbers_are_per_channel() -> None:
    normalizer = make_normalizer({"mean": [0.5, 0.25], "std": [0.5, 2.0]})
    assert normalizer is not None
    x = torch.ones(3, 2, 4, 4)
    assert torch.equal(normalizer(x)[0, :, 0, 0], torch.tensor([1.0, 0.375]))
    assert torch.equal(normalizer.inverse(normalizer(x)), x)
    vectors = torch.ones(3, 2)
    assert torch.equal(normalizer(vectors)[0], torch.tensor([1.0, 0.375]))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", ["zscore", "robust"])
def test_a_value_that_is_not_finite_is_named(bad: float, kind: str) -> None:
    x = X.clone()
    x[200, 2] = bad
    with pytest.raises(DataError, match="feature or channel 2"):
        fitted(kind, x)


@pytest.mark.parametrize("kind", ["zscore", "robust"])
def test_an_empty_split_is_refused(kind: str) -> None:
    with pytest.raises(DataError, match="empty"):
        fitted(kind, torch.empty(0, 3))


@pytest.mark.parametrize(
    "option",
    ["z", {"kind": "zscore", "per": "row"}, {"mean": [0.0]}, {"mean": 0.0, "std": 0.0}, {"scale": 2, "kind": "zscore"}],
)
def test_a_wrong_option_is_refused(option: Any) -> None:
    with pytest.raises(ConfigError, match="normalize"):
        make_normalizer(option)


def test_only_the_training_split_is_learned_from() -> None:
    x = torch.cat([torch.zeros(10, 1), torch.ones(10, 1), torch.full((20, 1), 1000.0)])
    source = Source(name="s", train=TensorSamples(x[:20]), val=TensorSamples(x[20:]))
    data = prepare(source, LoaderOptions(normalize="zscore"), seed=0)
    data.fit()
    assert data.normalizer is not None
    assert data.normalizer.shift_.tolist() == [0.5]
    assert data.val is not None
    assert next(iter(data.val)).inputs[0].item() == 1999.0


def test_a_data_set_is_learned_from_without_its_augmentation() -> None:
    class Items(Dataset[Any]):
        def __len__(self) -> int:
            return 100

        def __getitem__(self, index: int) -> torch.Tensor:
            return torch.tensor([float(index)])

    options = LoaderOptions(normalize="zscore", sample_transforms=[lambda x, rng: x + 1e6], val=20, split_seed=0)
    data = prepare(Source(name="s", train=DatasetSamples(Items())), options, seed=0)
    data.fit()
    assert data.normalizer is not None
    assert isinstance(data.train.samples, DatasetSamples)
    assert data.normalizer.shift_.item() == pytest.approx(data.train.samples.ids.mean())


def test_images_of_bytes_are_normalised_in_0_to_1() -> None:
    x = torch.randint(0, 256, (50, 1, 3, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    data = prepare(Source(name="s", train=TensorSamples(x)), LoaderOptions(normalize="zscore"), seed=0)
    data.fit()
    assert data.normalizer is not None
    assert data.normalizer.shift_.item() == pytest.approx((x.double() / 255).mean().item())


def test_targets_are_normalised_and_given_back() -> None:
    y = torch.arange(40.0)
    options = LoaderOptions(normalize_targets="zscore", sampler="sequential", batch_size=40)
    data = prepare(Source(name="s", train=TensorSamples(torch.zeros(40, 1), y)), options, seed=0)
    data.fit()
    from seedbed.batch import Cursor

    (batch,), _ = data.train.take(Cursor(), 1)
    assert abs(batch.targets.mean().item()) < 1e-6
    assert data.target_normalizer is not None
    assert torch.allclose(data.target_normalizer.inverse(batch.targets), y, atol=1e-5)

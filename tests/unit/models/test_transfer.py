"""Transfer of weights by name."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from seedbed.errors import CheckpointError, ConfigError
from seedbed.models.mlp import MLP
from seedbed.models.transfer import Mismatch, transfer


def make(out_features=3):
    return MLP(in_features=4, out_features=out_features, hidden=[5], norm="batch")


def same(one, two):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_all_of_it_is_loaded_under_any_wrapper(prefix):
    source, target = make(), make()
    report = transfer(target, {prefix + name: tensor for name, tensor in source.state_dict().items()})
    assert report.complete
    assert len(report.loaded) == len(source.state_dict())
    assert same(source, target)


def test_a_model_that_is_wrapped_itself_is_loaded_too():
    source, target = make(), nn.ModuleDict({"_orig_mod": make()})
    assert transfer(target, source.state_dict()).complete
    assert same(source, target["_orig_mod"])


def test_a_part_that_is_compiled_inside_is_found():
    source = make()
    names = {name.replace("layers.0.", "layers.0._orig_mod."): tensor for name, tensor in source.state_dict().items()}
    assert transfer(make(), names).complete


def test_strict_names_everything_that_does_not_fit_and_changes_nothing():
    target = make()
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    tensors = make(out_features=7).state_dict()
    tensors["extra"] = torch.zeros(2)
    del tensors["layers.0.bias"]
    with pytest.raises(CheckpointError) as caught:
        transfer(target, tensors)
    message = str(caught.value)
    for part in (r"layers.3.weight (7, 5) instead of (3, 5)", "1 in the checkpoint only (extra)", "(layers.0.bias)"):
        assert part in message
    assert all(torch.equal(before[name], tensor) for name, tensor in target.state_dict().items())


def test_without_strict_the_rest_is_loaded_and_the_report_says_what_is_not():
    target, tensors = make(), make(out_features=7).state_dict()
    tensors["extra"] = torch.zeros(2)
    del tensors["layers.0.bias"]
    report = transfer(target, tensors, strict=False)
    assert report.skipped == ("extra",)
    assert report.new == ("layers.0.bias",)
    assert report.mismatched == (Mismatch("layers.3.weight", (7, 5), (3, 5)), Mismatch("layers.3.bias", (7,), (3,)))
    assert torch.equal(target.layers[0].weight, tensors["layers.0.weight"])


def test_prefixes_are_renamed_at_dots_only_the_longest_first():
    tensors = {f"net.layers.{name}": tensor for name, tensor in make().layers.state_dict().items()}
    assert transfer(make(), tensors, rename={"net": ""}).complete
    tensors = {name.replace("net.layers.", "body."): tensor for name, tensor in tensors.items()}
    assert transfer(make(), tensors, rename={"body.": "layers."}).complete
    tensors["bodyguard"] = torch.zeros(1)
    report = transfer(make(), tensors, strict=False, rename={"body": "layers"})
    assert report.skipped == ("bodyguard",)
    tensors = {name.removeprefix("body."): tensor for name, tensor in tensors.items() if name != "bodyguard"}
    assert transfer(make(), tensors, rename={"": "layers"}).complete


def test_wrong_renames_are_errors():
    with pytest.raises(ConfigError, match="starts with 'encoder'; its names start with layers"):
        transfer(make(), make().state_dict(), rename={"encoder": "layers"})
    with pytest.raises(CheckpointError, match="two tensors of the checkpoint would be called 'a'"):
        transfer(make(), {"a": torch.zeros(1), "b.a": torch.zeros(1)}, rename={"b": ""})


def test_nothing_that_fits_is_an_error_even_without_strict():
    with pytest.raises(CheckpointError, match="no tensor of the checkpoint fits"):
        transfer(make(), {"a": torch.zeros(1)}, strict=False)


def test_one_name_of_shared_weights_is_enough():
    model = nn.ModuleDict({"a": nn.Linear(3, 3, bias=False), "b": nn.Linear(3, 3, bias=False)})
    model["b"].weight = model["a"].weight
    assert transfer(model, {"a.weight": torch.ones(3, 3)}).complete
    assert torch.equal(model["b"].weight, torch.ones(3, 3))


def test_numbers_are_converted_to_the_models_type():
    target = make()
    transfer(target, {name: t.double() if t.is_floating_point() else t for name, t in make().state_dict().items()})
    assert target.layers[0].weight.dtype == torch.float32


@given(st.sets(st.sampled_from(sorted(make().state_dict())), min_size=1))
def test_every_tensor_is_in_exactly_one_list(names):
    tensors = {name: tensor for name, tensor in make().state_dict().items() if name in names}
    report = transfer(make(), tensors, strict=False)
    assert set(report.loaded) == names
    assert set(report.new) == set(make().state_dict()) - names

"""The small decoder."""

from __future__ import annotations

import pytest
import torch

from seedbed.errors import ConfigError, DataError
from seedbed.models.gpt import GPT


def make(**arguments):
    return GPT(**{"vocab_size": 11, "context": 8, "num_layers": 2, "num_heads": 2, "d_model": 16, **arguments})


def test_a_position_does_not_see_what_comes_after_it():
    model, ids = make(bias=True).eval(), torch.randint(11, (2, 8))
    changed = ids.clone()
    changed[:, 5:] = (changed[:, 5:] + 1) % 11
    before, after = model(ids), model(changed)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5], after[:, 5])


def test_tied_weights_are_one_tensor_with_one_name():
    tied, untied = make(), make(tie_weights=False)
    assert untied.output.weight.shape == tied.tokens.weight.shape
    assert sum(p.numel() for p in untied.parameters()) - sum(p.numel() for p in tied.parameters()) == 11 * 16
    assert not any("output" in name for name in tied.state_dict())


def test_the_first_loss_is_that_of_a_uniform_guess():
    model, ids = make(vocab_size=50, d_model=64).eval(), torch.randint(50, (16, 8))
    loss = torch.nn.functional.cross_entropy(model(ids).flatten(0, 1), ids.roll(-1, 1).flatten())
    assert loss.item() == pytest.approx(torch.tensor(50.0).log().item(), abs=0.1)


def test_generation_is_a_function_of_its_generator_and_leaves_modes_alone():
    model = make(dropout=0.5)
    model.train()
    model.blocks[0].eval()
    global_state = torch.get_rng_state()
    ids = torch.tensor([[1, 2, 3]], dtype=torch.uint8)
    one, two = (model.generate(ids, 12, generator=torch.Generator().manual_seed(3), top_k=5) for _ in range(2))
    assert one.shape == (1, 15)
    assert torch.equal(one, two)
    assert one[0, :3].tolist() == [1, 2, 3]
    assert model.training
    assert not model.blocks[0].training
    assert torch.equal(torch.get_rng_state(), global_state)


def test_temperature_zero_and_top_one_take_the_likeliest():
    model, ids, generator = make().eval(), torch.tensor([[1, 2], [3, 4]]), torch.Generator()
    greedy = model.generate(ids, 4, generator=generator, temperature=0)
    assert torch.equal(greedy, model.generate(ids, 4, generator=generator, top_k=1))
    assert torch.equal(greedy[:, 2], model(ids)[:, -1].argmax(-1))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match=r"d_model \(16\) must be a multiple of num_heads \(3\)"):
        make(num_heads=3)
    with pytest.raises(DataError, match="context of 8, but a sequence has 9"):
        make()(torch.zeros(1, 9, dtype=torch.long))
    with pytest.raises(DataError, match=r"of torch\.float32"):
        make()(torch.zeros(1, 4))
    with pytest.raises(DataError, match="vocabulary of 11, but the inputs have token 11"):
        make()(torch.tensor([[1, 11]]))
    with pytest.raises(DataError, match="T from 1"):
        make().generate(torch.zeros(1, 0, dtype=torch.long), 1, generator=torch.Generator())
    with pytest.raises(ConfigError, match="temperature"):
        make().generate(torch.zeros(1, 1), 1, generator=torch.Generator(), temperature=-1)

"""Without torch's compiler: the same effects, and everything as it was afterwards."""

from __future__ import annotations

import subprocess
import sys

import torch

from seedbed.eager import MARK, WRAPPED, bare_methods, compiler, set_deterministic

PROGRAM = """
import sys, torch
from seedbed.eager import compiler, set_deterministic
set_deterministic(True)
assert torch.are_deterministic_algorithms_enabled()
assert not torch.is_deterministic_algorithms_warn_only_enabled()
with compiler(wanted=False):
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    parameter.grad = torch.ones(2)
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.zero_grad()
    assert parameter.grad is None
assert not {"torch._dynamo", "torch._inductor"} & sys.modules.keys()
if len(sys.argv) > 1:
    with compiler(wanted=True):
        assert "torch._inductor.config" in sys.modules
        set_deterministic(True)
        assert sys.modules["torch._inductor.config"].deterministic
"""


def test_the_compiler_stays_out_unless_it_is_wanted() -> None:
    for arguments in ([], ["wanted"]):
        done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr


def test_optimizers_are_as_they_were_afterwards() -> None:
    before = [getattr(torch.optim.Optimizer, name) for name in WRAPPED]
    with compiler(wanted=False):
        pass
    assert [getattr(torch.optim.Optimizer, name) for name in WRAPPED] == before
    assert all(getattr(method, MARK, None) is not method for method in bare_methods())


def test_determinism_is_what_torch_says() -> None:
    saved = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        set_deterministic(True, warn_only=True)
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        set_deterministic(False)
        assert not torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(saved[0], warn_only=saved[1])

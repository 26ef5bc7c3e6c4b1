"""Replay the first training batch on a copy of the model, change one thing, and see what moves."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import RootFact, is_plain
from seedbed.doctor.observe.shapes import trailing_padding
from seedbed.doctor.observe.site import Site, here
from seedbed.doctor.observe.source import line_in
from seedbed.doctor.probes.view import Run, number, report

LARGEST = 20_000_000
TOLERANCE = 1e-4


def probe(run: Run) -> Iterator[Finding]:
    """Report samples that interact, futures that are seen, padding that matters, dead and constant outputs."""
    for key in sorted(run.trained_roots)[:4]:
        root = run.record.roots[key]
        if root.inputs is None or sum(p.numel() for p in root.module.parameters()) > LARGEST:
            continue
        args = root.inputs[0]
        if not args or not isinstance(args[0], Tensor) or args[0].ndim < 2 or args[0].shape[0] < 2:
            continue
        with _forked():
            model = copy.deepcopy(root.module).eval()
            with torch.no_grad():
                run_model = _main_output(model, args[0].shape[0])
                base, again = run_model(*args), run_model(*args)
                if not isinstance(base, Tensor) or not is_plain(base) or not base.ndim or not torch.equal(base, again):
                    continue
                plain = isinstance(model(*args), Tensor)
                mixed = _tried(_interactions, run, root, model, args, base) if plain else []
                yield from mixed or (_tried(_places, run, root, model, args, base) if plain else [])
                yield from _tried(_future, run, root, model, args, base)
                if not plain:
                    continue
                yield from _tried(_padding, run, root, model, args, base)
                yield from _constant(run, root, base, args)
                yield from _dead(run, root, model, args)


def _main_output(model: nn.Module, batch: int) -> Callable[..., Any]:
    """Return the model as a function that gives its scores also where it returns them beside a loss or a state."""

    def call(*args: Any) -> Any:
        out = model(*args)
        if isinstance(out, Tensor):
            return out
        parts = out.values() if isinstance(out, dict) else out if isinstance(out, list | tuple) else ()
        fitting = [p for p in parts if isinstance(p, Tensor) and p.ndim >= 2 and p.shape[0] == batch]
        return next((p for p in fitting if p.is_floating_point()), None)

    return call


def _tried(look: Callable[..., Iterator[Finding]], *given: Any) -> list[Finding]:
    """Return what a changed batch shows; a model that cannot take the changed batch shows nothing."""
    try:
        return list(look(*given))
    except (RuntimeError, ValueError, IndexError, AssertionError):
        return []


@contextmanager
def _forked() -> Iterator[None]:
    states = (random.getstate(), np.random.get_state())
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


def _other(given: Tensor, rows: Any) -> Tensor:
    """Return the input with other values in ``rows``: numbers mirrored and shifted, ids taken from elsewhere."""
    changed = given.clone()
    if given.is_floating_point():
        changed[rows] = -2.0 * given[rows] + 0.7
    else:
        changed[rows] = given[rows].flip(-1) if given.ndim > 1 else given[rows]
        high = int(given.max())
        changed[rows] = torch.where(changed[rows] == given[rows], (given[rows] + 1) % (high + 1), changed[rows])
    return changed


def _gap(one: Tensor, two: Tensor) -> float:
    scale = float(one.float().abs().mean()) + 1e-9
    return float((one.float() - two.float()).abs().max()) / scale


def _interactions(run: Run, root: RootFact, model: nn.Module, args: Any, base: Tensor) -> Iterator[Finding]:
    given, batch = args[0], args[0].shape[0]
    target = root.target
    if base.ndim == 0 or base.shape[0] != batch or base.shape[1:2] == (batch,) or len(args) > 1:
        return
    if target is None or target.shape[0] != batch or _has_square(root.module, batch):
        return
    j = batch - 1
    moved = []
    for row in (j, 0):
        out = model(_other(given, slice(row, row + 1)), *args[1:])
        others = [i for i in range(batch) if i != row]
        moved.append(_gap(base[others], out[others]) > TOLERANCE)
    if any(moved):
        site = _where_mixed(model, args, j)
        forward = next((f.site for f in run.training_forwards if f.root == root.key), None)
        yield report(
            "SB522", f"one sample's output depends on the others in the batch: changing sample {j} of {batch} "
            "changes the "
            "outputs of other samples, in eval mode (softmax, view or an RNN over the batch axis)",
            site or forward, "Keep dim 0 for the batch in every operation.", batch=batch,
        )  # fmt: skip


def _places(run: Run, root: RootFact, model: nn.Module, args: Any, base: Tensor) -> Iterator[Finding]:
    """The same samples in another order must give the same outputs in that order."""
    batch = args[0].shape[0]
    if base.shape[0] != batch or base.shape[1:2] == (batch,) or _has_square(root.module, batch) or batch < 4:
        return
    if root.target is None or root.target.shape[0] != batch or not all(_per_sample(a, batch) for a in args):
        return
    order = torch.arange(batch).roll(1)
    turned = [arg[order] if isinstance(arg, Tensor) and arg.ndim else arg for arg in args]
    gap = _gap(model(*turned), base[order])
    if gap > 10 * TOLERANCE:
        forward = next((f.site for f in run.training_forwards if f.root == root.key), None)
        yield report(
            "SB916", f"the output depends on the place of a sample in the batch: the same {batch} samples in another "
            f"order give outputs that differ by {number(gap)} of their size (something is indexed by the batch row, "
            "for example a positional encoding sliced with x.size(0), the batch dimension, instead of the position)",
            _where_placed(model, args, turned, order) or forward,
            "Index by time (size(1) with batch first); keep dim 0 for samples.", gap=gap,
        )  # fmt: skip


def _per_sample(arg: Any, batch: int) -> bool:
    """Say whether an argument has one row per sample, and is no table of all pairs (an adjacency)."""
    if not isinstance(arg, Tensor):
        return arg is None or isinstance(arg, int | float | str)  # a list of lengths would keep its order
    return not arg.ndim or (arg.shape[0] == batch and arg.shape[1:2] != (batch,))


def _has_square(module: nn.Module, size: int) -> bool:
    """A model that holds an (N, N) tensor works on a graph of N nodes, not on a batch of N samples."""
    held = [t for m in module.modules() for t in vars(m).values() if isinstance(t, Tensor)]
    held += list(module.buffers())
    return any(t.is_sparse or t.shape[-2:] == (size, size) for t in held if t.ndim >= 2) or any(
        t.is_sparse for t in held
    )


def _traced(model: nn.Module, args: Any) -> list[tuple[Site | None, Tensor]]:
    """Run a model and return the line and the result of each of its operations."""
    from torch.overrides import TorchFunctionMode

    class Trace(TorchFunctionMode):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[tuple[Site | None, Tensor]] = []

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            if isinstance(out, Tensor) and out.is_floating_point() and len(self.seen) < 500:
                self.seen.append((here(), out.detach().clone()))
            return out

    with Trace() as trace:
        model(*args)
    seen: list[tuple[Site | None, Tensor]] = trace.seen
    return seen


def _where_placed(model: nn.Module, args: Any, turned: Any, order: Tensor) -> Site | None:
    """Find the first operation whose result does not follow the order of the samples."""
    batch = len(order)
    for (site, one), (_, two) in zip(_traced(model, args), _traced(model, turned), strict=False):
        if one.shape != two.shape or not one.ndim or one.shape[0] != batch:
            continue
        if _gap(one[order], two) > 10 * TOLERANCE:
            return site
    return None


def _where_mixed(model: nn.Module, args: Any, row: int) -> Site | None:
    """Find the first operation of the model whose result for other samples changes with one sample."""
    changed = (_other(args[0], slice(row, row + 1)), *args[1:])
    batch = args[0].shape[0]
    for (site, one), (_, two) in zip(_traced(model, args), _traced(model, changed), strict=False):
        if one.shape != two.shape or not one.ndim:
            continue
        rows = one.shape[0] == batch and _gap(one[:row], two[:row]) > TOLERANCE
        second = one.ndim > 1 and one.shape[1] == batch != one.shape[0]
        if rows or (second and _gap(one[:, :row], two[:, :row]) > TOLERANCE):
            found: Site | None = site
            return found
    return None


def _future(run: Run, root: RootFact, model: nn.Module, args: Any, base: Tensor) -> Iterator[Finding]:
    target = root.target
    place = next((k for k, arg in enumerate(args) if _predicts_next(arg, target)), None)
    if place is None or base.ndim != 3 or base.shape[:2] != args[place].shape[:2]:
        return
    tokens = args[place]
    changed = tokens.clone()
    if tokens.is_floating_point():
        changed[:, -1] = -2.0 * tokens[:, -1] + 0.7
    else:
        changed[:, -1] = (tokens[:, -1] + 1) % (int(tokens.max()) + 1)
    out = _main_output(model, len(tokens))(*args[:place], changed, *args[place + 1 :])
    gap = _gap(base[:, :-1], out[:, :-1])
    if gap > TOLERANCE:
        forward = next((f.site for f in run.training_forwards if f.root == root.key), None)
        yield report(
            "SB223", "positions can see the future: the targets are the next tokens, and changing the last "
            "token changes "
            f"the outputs of earlier positions (by {number(gap)} of their size): the causal mask is missing or wrong",
            _mask_site(model) or forward, "Pass a causal mask (is_causal=True, or a mask that is -inf above the "
            "diagonal).", gap=gap,
        )  # fmt: skip


def _predicts_next(tokens: Any, target: Tensor | None) -> bool:
    """Say whether the targets are the tokens shifted by one."""
    if not isinstance(tokens, Tensor) or target is None:
        return False
    if tokens.is_floating_point():
        same = tokens.ndim == 3 and target.shape == tokens.shape and tokens.shape[1] >= 4
        return same and torch.equal(target[:, :-1], tokens[:, 1:])
    if tokens.ndim != 2:
        return False
    if target.numel() != tokens.numel() or tokens.shape[1] < 4:
        return False
    return torch.equal(target.reshape(tokens.shape)[:, :-1], tokens[:, 1:])


def _mask_site(model: nn.Module) -> Site | None:
    for module in model.modules():
        if type(module).__module__ == "__main__":
            site = line_in(
                type(module),
                (
                    "tril",
                    "triu",
                    "is_causal",
                    "ransformer(",
                    "scaled_dot_product",
                    "attn_mask",
                    "encoder(",
                    "attn(",
                    "softmax",
                ),
            )
            if site is not None:
                return site
    return None


def _padding(run: Run, root: RootFact, model: nn.Module, args: Any, base: Tensor) -> Iterator[Finding]:
    tokens = args[0]
    tables = [m for m in model.modules() if isinstance(m, nn.Embedding)]
    if (
        tokens.is_floating_point()
        or tokens.ndim != 2
        or not tables
        or len(args) > 1
        or base.shape[0] != tokens.shape[0]
    ):
        return
    known = [int(m.padding_idx) for m in tables if m.padding_idx is not None]
    pad = known[0] if known else int(tokens[:, -1].mode().values)
    if trailing_padding(tokens, pad) is None or base.ndim != 2:
        return
    longer = torch.cat([tokens, torch.full((tokens.shape[0], 3), pad, dtype=tokens.dtype)], 1)
    try:
        out = model(longer)
    except (RuntimeError, IndexError):
        return  # a model of fixed length
    if out.shape != base.shape:
        return
    gap = float((out - base).abs().mean() / (base.abs().mean() + 1e-9))
    if gap > 0.01:
        pooled = line_in(type(root.module), (".mean(", "[:, -1", "[-1]", ".max(", ".sum(", "[:, 0"))
        forward = next((f.site for f in run.training_forwards if f.root == root.key), None)
        yield report(
            "SB226", f"padding takes part in the result: three more padding tokens (id {pad}) at the end change the "
            f"outputs by {gap:.0%} (pooling, attention or recurrence without a mask)", pooled or forward,
            "Mask the padding, or use pack_padded_sequence with the lengths.", gap=gap,
        )  # fmt: skip


def _constant(run: Run, root: RootFact, base: Tensor, args: Any) -> Iterator[Finding]:
    spread = float((base.float() - base.float()[:1]).abs().max())
    inputs = args[0].float()
    if spread == 0.0 and base.shape[0] >= 4 and bool((inputs != inputs[:1]).any()) and run.record.steps >= 5:
        forward = next((f.site for f in run.training_forwards if f.root == root.key), None)
        yield report(
            "SB909", f"the model predicts the same for every input: {base.shape[0]} different inputs give one output",
            forward, "Look for dead ReLU units, a learning rate that is too high, or an input that is not used.",
        )  # fmt: skip


def _dead(run: Run, root: RootFact, model: nn.Module, args: Any) -> Iterator[Finding]:
    dead: list[tuple[str, int]] = []
    handles = []
    for name, module in model.named_modules():
        if isinstance(module, nn.ReLU):

            def look(_: nn.Module, __: Any, out: Any, name: str = name) -> None:
                flat = out.reshape(out.shape[0], -1)
                if flat.shape[1] >= 4 and not bool((flat > 0).any()):
                    dead.append((name, flat.shape[1]))

            handles.append(module.register_forward_hook(look))
    model(*args)
    for handle in handles:
        handle.remove()
    if dead:
        yield report(
            "SB519", f"units are zero for every input: all {dead[0][1]} units of {dead[0][0]} are dead after "
            f"{run.record.steps} steps", run.made_at(dict(root.module.named_modules()).get(dead[0][0])),
            "Lower the learning rate, or look at the initialisation.", where=dead[0][0], units=dead[0][1],
        )  # fmt: skip

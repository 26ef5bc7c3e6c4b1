"""What a model is made of: its layers, shapes, parameters, memory and work, as plain data and as a table."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from seedbed.batch import map_tensors
from seedbed.seeding import forked_rng

if TYPE_CHECKING:
    from rich.console import RenderableType
    from torch.utils.flop_counter import FlopCounterMode

Output = tuple[tuple[int, ...], float | None]


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer. ``shape`` and ``variance`` (over all elements) are of its first output; None if it was not called."""

    name: str
    type: str
    shape: tuple[int, ...] | None
    trainable: int
    frozen: int
    variance: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A model on one batch. Sizes are in bytes; ``flops`` is the forward pass of the batch, 2 a multiply-add.

    ``flops`` counts matrix products, convolutions and attention. ``optimizer_bytes`` assumes an optimizer that keeps
    two numbers a trainable parameter, as Adam does. ``activation_bytes`` is what the forward pass kept for the
    backward.
    """

    layers: tuple[LayerRow, ...]
    batch_size: int
    trainable: int
    frozen: int
    buffers: int
    parameter_bytes: int
    gradient_bytes: int
    optimizer_bytes: int
    activation_bytes: int
    flops: int


def summarize(model: nn.Module, inputs: Any) -> Summary:
    """Run a copy of ``model`` once on ``inputs`` and describe it; the model and every generator stay as they are.

    The copy runs in train mode, as in the first update (in eval mode for a batch of one, which BatchNorm refuses).

    Args:
        model: Any model.
        inputs: A batch's inputs, on the model's device.
    """
    tensors: list[Tensor] = []
    map_tensors(tensors.append, inputs)
    batch_size = len(tensors[0]) if tensors and tensors[0].ndim else 0
    replica = copy.deepcopy(model).train(batch_size > 1)
    outputs: dict[nn.Module, Output] = {}
    hooks = [module.register_forward_hook(lambda m, _, y: keep_first(outputs, m, y)) for module in replica.modules()]
    own = {tensor.untyped_storage().data_ptr() for tensor in [*replica.parameters(), *replica.buffers()]}
    saved: dict[int, int] = {}

    def remember(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    counter = make_counter()
    with forked_rng(), torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(remember, lambda t: t), counter:
        replica(inputs)
    for hook in hooks:
        hook.remove()
    parameters = list(replica.parameters())
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    gradient_bytes = sum(parameter.nbytes for parameter in trained)
    return Summary(
        layers=tuple(describe_layers(replica, outputs)),
        batch_size=batch_size,
        trainable=sum(parameter.numel() for parameter in trained),
        frozen=sum(parameter.numel() for parameter in parameters if not parameter.requires_grad),
        buffers=sum(buffer.numel() for buffer in replica.buffers()),
        parameter_bytes=sum(tensor.nbytes for tensor in [*parameters, *replica.buffers()]),
        gradient_bytes=gradient_bytes,
        optimizer_bytes=2 * gradient_bytes,
        activation_bytes=sum(saved.values()),
        flops=int(counter.get_total_flops()),
    )


def make_counter() -> FlopCounterMode:
    """Torch's counter, which does not know the CPU's attention kernel by itself."""
    from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count  # slow to import

    def count_attention(q: Any, k: Any, v: Any, *args: Any, **kwargs: Any) -> int:
        return int(sdpa_flop_count(q, k, v))

    kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    return FlopCounterMode(display=False, custom_mapping={kernel: count_attention})


@torch.no_grad()
def keep_first(outputs: dict[nn.Module, Output], module: nn.Module, output: Any) -> None:
    """Note shape and variance of the first tensor of a module's first output, before a later layer changes it."""
    tensors: list[Tensor] = []
    map_tensors(tensors.append, output)
    if tensors and module not in outputs:
        outputs[module] = tuple(tensors[0].shape), variance_of(tensors[0])


def describe_layers(model: nn.Module, outputs: dict[nn.Module, Output]) -> Iterator[LayerRow]:
    """A row for every module without children and every module with parameters of its own; shared ones count once."""
    counted: set[nn.Parameter] = set()
    for name, module in model.named_modules():
        own = [parameter for parameter in module.parameters(recurse=False) if parameter not in counted]
        counted.update(own)
        is_leaf = next(module.children(), None) is None
        if not own and not is_leaf:
            continue
        shape, variance = outputs.get(module, (None, None))
        yield LayerRow(
            name=name or "(model)",
            type=type(module).__name__,
            shape=shape,
            trainable=sum(parameter.numel() for parameter in own if parameter.requires_grad),
            frozen=sum(parameter.numel() for parameter in own if not parameter.requires_grad),
            variance=variance,
        )


def variance_of(output: Tensor) -> float | None:
    """Variance over all elements; None where there is none."""
    if output.numel() < 2 or not output.is_floating_point():
        return None
    value = float(output.float().var())
    return value if math.isfinite(value) else None


def render_summary(summary: Summary) -> RenderableType:
    """A rich table of the layers with the totals under it."""
    from rich.table import Table

    table = Table(title=f"batch of {summary.batch_size}", title_justify="left")
    for heading in ("layer", "type", "output shape"):
        table.add_column(heading)
    for heading in ("trainable", "frozen", "variance"):
        table.add_column(heading, justify="right")
    for row in summary.layers:
        shape = "not called" if row.shape is None else "×".join(map(str, row.shape))
        variance = "" if row.variance is None else f"{row.variance:.3g}"
        table.add_row(
            row.name, row.type, shape, f"{row.trainable:,}", f"{row.frozen:,}" if row.frozen else "", variance
        )
    total = summary.trainable + summary.frozen
    memory = {
        "parameters": summary.parameter_bytes,
        "gradients": summary.gradient_bytes,
        "optimizer": summary.optimizer_bytes,
        "activations": summary.activation_bytes,
    }
    table.caption_justify = "left"
    table.caption = (
        f"{total:,} parameters, {summary.trainable:,} trainable; "
        f"forward pass {format_count(summary.flops)}FLOP; "
        f"memory {format_bytes(sum(memory.values()))} "
        f"({', '.join(f'{what} {format_bytes(size)}' for what, size in memory.items())})"
    )
    return table


def format_count(number: int) -> str:
    """``number`` with a metric prefix: ``1.23 G``."""
    value, prefixes = float(number), ["", "k", "M", "G", "T", "P"]
    while value >= 1000 and len(prefixes) > 1:
        value, prefixes = value / 1000, prefixes[1:]
    return f"{value:.3g} {prefixes[0]}"


def format_bytes(size: int) -> str:
    """``size`` in the unit that suits it: ``1.2 MiB``."""
    value, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.3g} {units[0]}"

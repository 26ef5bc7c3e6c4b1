"""View/reshape is used where permute/transpose is needed.

## What it does

Finds `view`/`reshape` calls that put the dims of a tensor in another order.

## Why is this bad

`view` keeps the memory order and only cuts it anew: batch, time and channels get mixed up. Swapping dims
needs `permute` or `transpose`.

## Example

```python
class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(32, 32)

    def forward(self, x):
        B, T, C = x.shape
        q = self.proj(x).view(B, 4, T, C // 4)
        return q
```

## Use instead

```python
class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(32, 32)

    def forward(self, x):
        B, T, C = x.shape
        q = self.proj(x).view(B, T, 4, C // 4).transpose(1, 2)
        return q
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import axes as named
from seedbed.doctor.static import channels
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, reaches


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    events = p.makers("view", "reshape")
    thrown = _thrown(p) if events else set()
    for event in events:
        made = event.result
        if (
            made is None
            or made.kind not in ("tensor", "unknown")
            or made.name not in ("view", "reshape")
            or len(made.args) < 2
            or id(event.node) in seen
        ):
            continue
        if id(event.node) in thrown:
            continue  # a lesson shows it: no value of the program is changed
        source = made.args[0]
        sizes = made.args[1:]
        if len(sizes) == 1 and sizes[0].items is not None:
            sizes = tuple(sizes[0].items)
        problem = (
            channels.of_image(source, sizes)
            or _by_names(source, sizes)
            or _by_sizes(source, made, sizes)
            or _of_state(source, sizes)
            or _turned_first(source, sizes)
            or _of_heads(source, sizes)
        )
        if not problem and (mixed := _of_pixels(source, sizes)) and _flat_labels(p, made):
            problem = mixed
        if problem and not _turned_back(p, source, made) and not _shifted(p, made):
            seen.add(id(event.node))
            yield p.report(
                "SB214",
                event,
                f"{made.name}() is used to swap dimensions: it does not permute, it scrambles the data",
                why=problem,
                fix="Use permute(...) or transpose(...) to change the order of dims (view only splits or "
                "joins neighbours)",
                severity=Severity.HINT if not p.trains and _counted_up(source) else None,
            )


def _counted_up(source: Val) -> bool:
    """Whether a tensor holds 0, 1, 2, ...: in a file that trains nothing it shows where the numbers go."""
    return any(v.name == "arange" for v in q.chain(source))


def _thrown(p: Program) -> set[int]:
    """Calls that are statements of their own: a cell shows what they give, and nothing uses it."""
    return {id(getattr(e.node, "value", None)) for e in p.all("discard")}


def _shifted(p: Program, made: Val) -> bool:
    """Whether a row is cut off and the rest gets the old order of sizes again: that shifts each row by one more."""
    if made.args and _rest(made.args[0]) is not None:
        return True
    if made.args and made.args[0].name in ("pad", "cat") and any(_rest(u) is made for u in p.users(made)):
        return True  # one more column, cut anew, and the first row left out: relative positions
    again = (e.result for e in p.makers("view", "reshape", "view_as", "reshape_as"))
    return any(back is not None and back.args and _rest(back.args[0]) is made for back in again)


def _rest(cut: Val) -> Val | None:
    """What was cut anew by sizes, where its first row is left out: ``x.view(...)[1:]``."""
    if cut.name != "getitem" or len(cut.args) < 2 or cut.args[0].name not in ("view", "reshape"):
        return None
    keys = cut.args[1].items or [cut.args[1]]
    first = any(k.kind == "slice" and k.args and k.args[0].const == 1 for k in keys)
    return cut.args[0] if first else None


def _turned_back(p: Program, source: Val, made: Val) -> bool:
    """Whether what is worked out of it gets the shape of the source again: groups within a sample, not moved axes."""
    for event in p.makers("view", "reshape"):
        back = event.result
        if back is None or back is made or len(back.args) != 2 or back.args[1].name not in ("shape", "size"):
            continue
        if any(a is source for a in back.args[1].args[:1]) and len(back.args[1].args) == 1 and reaches(back, made):
            return True
    return False


def _of_pixels(source: Val, sizes: tuple[Val, ...]) -> str:
    """The output of a convolution, (batch, channels, ...), cut into rows of ``channels`` numbers."""
    if len(sizes) != 2:
        return ""
    current = source
    for _ in range(20):
        if current.kind == "phi" or (current.name in _ELEMENTWISE and current.args):
            current = current.args[0]
        else:
            break
    layer = current.owner
    if not current.name.startswith("Conv") or layer is None or current.name[-2:] not in ("1d", "2d", "3d"):
        return ""
    channels, last = layer.number(1, "out_channels"), sizes[1]
    fits = (isinstance(channels, int) and last.const == channels and channels > 1) or _axis_of(last, source) == 1
    if not fits or sizes[0].const not in (-1, None):
        return ""
    if isinstance(sizes[0].const, int) is False and _axis_of(sizes[0], source) == 0:
        return ""
    return "channels are on axis 1: cut into rows of that many numbers, each row mixes pixels instead of channels"


def _flat_labels(p: Program, made: Val) -> bool:
    """Whether a loss takes these rows with labels that were flattened too: there is one label per pixel."""
    return any(
        len(e.args) > 1
        and any(v is made for v in q.chain(e.args[0]))
        and any(v.name in ("view", "reshape", "flatten", "ravel") for v in q.chain(e.args[1], 4))
        for e in p.all("loss")
    )


_ELEMENTWISE = frozenset(
    [
        "forward",
        "contiguous",
        "relu",
        "leaky_relu",
        "gelu",
        "sigmoid",
        "softmax",
        "log_softmax",
        "dropout",
        "float",
        "to",
        "detach",
        "clone",
        "cpu",
        "identity",
        "BatchNorm1d",
        "BatchNorm2d",
        "BatchNorm3d",
        "interpolate",
    ]
)


def _of_state(source: Val, sizes: tuple[Val, ...]) -> str:
    """The final state of a recurrent layer, (layers * directions, batch, hidden), read as rows of samples."""
    if source.name == "getitem" and len(source.args) > 1 and source.args[1].kind == "slice":
        source = source.args[0]
    if len(sizes) > 2 and sizes[-1].const == 1:
        sizes = sizes[:-1]  # rows that become columns, for bmm
    if source.name != "state" or source.owner is None or len(sizes) != 2:
        return ""
    layer = source.owner
    both, depth = layer.kwargs.get("bidirectional"), layer.arg(2, "num_layers")
    many = (both is not None and both.const is True) or (
        depth is not None and isinstance(depth.const, int) and depth.const > 1
    )
    rows = sizes[0].const if sizes[0].kind == "const" else None
    if not many or (isinstance(rows, int) and rows > 0):
        return ""
    return "h_n is (layers * directions, batch, hidden): cut into rows of the batch, each row mixes several samples"


def _turned_first(source: Val, sizes: tuple[Val, ...]) -> str:
    """``logits.permute(0, 2, 1).reshape(-1, classes)``: the classes were last, and are not any more."""
    if source.name not in ("permute", "transpose") or len(sizes) != 2 or sizes[0].const != -1 or not source.args:
        return ""
    before, width = source.args[0].shape, sizes[1].const
    if before is None or len(before) < 3 or not isinstance(width, int) or width < 2 or before[-1] != width:
        return ""
    axes = [a.const for a in (source.args[1].items or source.args[1:])] if len(source.args) > 1 else []
    rank = len(before)
    if not axes or not all(isinstance(a, int) for a in axes):
        return ""
    order = [a % rank for a in axes]
    if source.name == "transpose":
        if len(order) != 2:
            return ""
        turned = list(range(rank))
        turned[order[0]], turned[order[1]] = turned[order[1]], turned[order[0]]
        order = turned
    if len(order) != rank or order[-1] == rank - 1 or before[order[-1]] == width:
        return ""
    return "the classes are on the last axis before the permute and not after it: each row mixes classes and positions"


def _of_heads(source: Val, sizes: tuple[Val, ...]) -> str:
    """What attention gives, (batch, heads, time, width), joined to (batch, time, ...) with the heads still in front."""
    if not named.moved(source, sizes):
        return ""
    return "the tensor is (batch, heads, time, d): transpose(1, 2) must bring the heads back behind time before joining"


def _axis_of(size: Val, source: Val) -> int | None:
    """Which axis of ``source`` a size was read from, when nothing moved the axes in between."""
    if size.name == "shape" and size.kind in ("number", "unknown") and size.args:
        base = size.args[0]
        if base.name == "shape" and base.args:
            base = base.args[0]
        if size.place is not None and _same_layout(source, base):
            return size.place
    if size.name == "getitem" and size.args and size.args[0].name == "shape" and len(size.args) > 1:
        at = size.args[1].const
        if isinstance(at, int) and at >= 0 and size.args[0].args and _same_layout(source, size.args[0].args[0]):
            return at
    if size.name == "size" and len(size.args) > 1 and isinstance(size.args[1].const, int):  # noqa: SIM102
        if size.args[1].const >= 0 and _same_layout(source, size.args[0]):
            return size.args[1].const
    return None


def _same_layout(source: Val, base: Val) -> bool:
    """Whether ``source`` still has the axes of ``base`` in their order."""
    current, count = source, 0
    keep = {
        "Linear",
        "forward",
        "contiguous",
        "relu",
        "gelu",
        "dropout",
        "float",
        "LayerNorm",
        "to",
        "mul",
        "add",
        "linear",
        "softmax",
        "layer_norm",
    }
    while count < 30:
        if current is base:
            return True
        if current.kind == "phi" or not (current.name in keep or "chunk" in current.tags) or not current.args:
            return False
        current = current.args[0]
        count += 1
    return False


def _by_names(source: Val, sizes: tuple[Val, ...]) -> str:
    axes = [_axis_of(s, source) for s in sizes]
    known = [a for a in axes if a is not None]
    if len(known) < 2 or len(set(known)) != len(known):
        return ""
    if known != sorted(known):
        return f"the sizes of axes {known} are given in another order than the tensor has them"
    if known[:2] == [0, 1] and axes[0] == 0 and axes[1] is None and axes[2:3] == [1] and len(axes) >= 3:
        if sizes[1].const == 1 or (sizes[1].const == -1 and len(axes) == 3):
            return ""  # a new axis of one
        return "the second axis of the tensor moves behind a new one (the heads), but its data does not move"
    return ""


def _by_sizes(source: Val, made: Val, sizes: tuple[Val, ...]) -> str:
    old, new = source.shape, tuple(s.const if s.kind == "const" and isinstance(s.const, int) else None for s in sizes)
    new = _resolved(old, new)
    if old is not None and 2 < len(new) < len(old) and _lost_border(list(new), list(old)):
        return f"shape {old} becomes {new}: heads and time are mixed: transpose the heads back before joining them"
    if old is not None and 2 < len(old) < len(new) and _lost_border(list(old), list(new)):
        return f"shape {old} becomes {new}: time and features (heads) are mixed: only transpose moves an axis"
    if old is None or len(old) != len(new) or len(old) < 2:
        return ""
    if len(old) == 3 and new[2] == -1 and new[1] == old[2] != old[1] and (old[2] or 0) > 1:
        return f"the last axis ({old[2]} classes) is named in the middle, but its data does not move there"
    a, b = list(old), list(new)
    if b[0] in (None, -1):
        a, b = a[1:], b[1:]
    if None in a or None in b or -1 in b or len(a) < 2 or 1 in a:
        return ""
    if a != b and sorted(x or 0 for x in a) == sorted(x or 0 for x in b):
        return f"shape {old} becomes {new} by cutting memory anew, not by moving axes"
    return ""


def _resolved(old: tuple[int | None, ...] | None, new: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """The new sizes with their -1 worked out, if everything behind the batch is known."""
    if not old or not new or new.count(-1) != 1 or new[0] not in (None, old[0]) or new[0] == -1:
        return new
    rest = [s for s in new[1:] if s != -1]
    if None in old[1:] or None in rest:
        return new
    whole, part = math.prod(s or 0 for s in old[1:]), math.prod(s or 0 for s in rest)
    return tuple(whole // part if s == -1 and part and whole % part == 0 else s for s in new)


def _lost_border(old: list[int | None], new: list[int | None]) -> bool:
    """Whether no border between axes of the new shape falls on a border of the old one: data of both sides mix."""
    if old[0] is None and new[0] in (None, -1) and None not in old[1:]:
        old, new = old[1:], new[1:]
    if None in old or None in new or -1 in new or 1 in old:
        return False
    ends, total = set[int](), 1
    for size in new:
        total *= size or 0
        ends.add(total)
    count = 1
    borders = []
    for size in old:
        count *= size or 0
        borders.append(count)
    return count == total and any(b not in ends for b in borders[:-1])

"""Mean and std of Normalize do not fit the data.

## What it does

Finds `Normalize` with implausible statistics.

## Why is this bad

After `ToTensor` the values are in 0..1. Mean and std in 0..255, or mean and std swapped, give inputs far
from zero mean.

## Example

```python
from torchvision import transforms
normalize = transforms.Normalize((0.229, 0.224, 0.225), (0.485, 0.456, 0.406))
```

## Use instead

```python
from torchvision import transforms
normalize = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _unscaled(p)
    yield from _by_hand(p)
    for event in p.first_makers("Normalize"):
        made = event.result
        if made is None or made.name != "Normalize" or made.kind != "transform":
            continue
        byte = _of_bytes(made.arg(0, "mean"))
        if byte is not None and "/ 255" not in p.source.text and "/255" not in p.source.text:
            yield p.report(
                "SB423",
                event,
                "implausible normalisation: mean and std are computed on bytes (0..255), but ToTensor gives 0..1",
                why="the inputs are then all near zero: (0..1 - 33) / 78",
                fix="Divide by 255 before taking the statistics",
                related=((str(byte.src.path) if byte.src else "", byte.line, "computed here"),),
            )
            continue
        mean, std = _numbers(made.arg(0, "mean")), _numbers(made.arg(1, "std"))
        if not mean or not std:
            continue
        problem = ""
        if max(mean) <= 0 and min(std) >= 1:
            continue  # the inverse of a normalisation, for looking at images
        if max(mean) > 2 or max(std) > 2:
            problem = f"mean={mean} and std={std} are for 0..255, but tensors are in 0..1"
        elif (len(mean) == 3 and 0.2 < mean[0] < 0.24 and 0.44 < std[0] < 0.5) or (
            len(mean) == 1 and abs(mean[0] - 0.3081) < 0.01
        ):
            problem = f"mean={mean} and std={std} are swapped"
        elif min(std) <= 0:
            problem = f"std={std} is not positive"
        if problem:
            yield p.report(
                "SB423",
                event,
                f"implausible normalisation: {problem}",
                why="the inputs are then far from zero mean and unit deviation",
                fix="Use the mean and std of the training data on the scale 0..1",
            )


def _of_bytes(mean: Val | None) -> Val | None:
    """The mean of a data set's raw bytes that a normalisation is given."""
    for one in ancestors(mean, limit=20) if mean is not None else ():
        if one.name == "mean" and one.args:
            steps = list(ancestors(one.args[0], limit=12))
            raw = any(s.name == "data" and s.args and s.args[0].kind == "dataset" for s in steps)
            if raw and not any(s.name in ("div", "mul", "sub") for s in steps):
                return one
    return None


def _numbers(val: Val | None) -> list[float]:
    if val is None:
        return []
    if val.kind == "const" and isinstance(val.const, (int, float)):
        return [float(val.const)]
    return [float(i.const) for i in val.items or [] if isinstance(i.const, (int, float))]


def _unscaled(p: Program) -> Iterator[Finding]:
    """Bytes that are made floats without a division by 255, then normalised with numbers for 0..1."""
    for event in p.calls("Compose"):
        names = [i.name for i in (event.result.items or [])] if event.result is not None else []
        if "Normalize" not in names or not {"PILToTensor", "ToImage"} & set(names[: names.index("Normalize")]):
            continue
        before = (event.result.items or [])[: names.index("Normalize")] if event.result is not None else []
        mean = _numbers((event.result.items or [])[names.index("Normalize")].arg(0, "mean")) if event.result else []
        if not mean or max(mean) > 2 or any(_scales(i) for i in before):
            continue
        yield p.report(
            "SB423",
            event,
            f"implausible normalisation: bytes in 0..255 are normalised with mean={mean}, which is for 0..1",
            why="PILToTensor keeps bytes; nothing divides by 255 before Normalize",
            fix="Use ToTensor(), or ConvertImageDtype(torch.float32) / ToDtype(torch.float32, scale=True)",
        )


def _scales(item: Val) -> bool:
    """Whether a step may bring bytes to 0..1."""
    if item.name in ("ConvertImageDtype", "ToTensor", "ConvertDtype"):
        return True
    if item.name == "ToDtype":
        return getattr(item.kwargs.get("scale"), "const", False) is True
    func = item.args[0] if item.name == "Lambda" and item.args else item if item.kind == "func" else None
    if func is not None and func.kind == "func" and func.owner is not None:
        text = syntax.text(func.owner.node)
        return "255" in text or "256" in text or "/" in text
    return item.kind not in ("transform",) and item.name != "Lambda"


_BYTES = ("read_image", "decode_image", "decode_jpeg", "decode_png", "imread", "pil_to_tensor", "PILToTensor")
_MOVES = TRANSPARENT | {"from_numpy", "tensor", "as_tensor", "astype", "batch", "element", "sample", "part", "Tensor"}


def _by_hand(p: Program) -> Iterator[Finding]:
    """``(image.float() - 0.5) / 0.25`` on bytes that nothing divided by 255."""
    seen: set[int] = set()
    for val in p.made("div"):
        if len(val.args) != 2 or val.args[0].name != "sub" or len(val.args[0].args) != 2 or id(val.node) in seen:
            continue
        mean, std = _inside(val.args[0].args[1]), _inside(val.args[1])
        if mean and std and min(mean) > 2 and min(std) > 2 and _brought_to_one(val.args[0].args[0]):
            seen.add(id(val.node))
            given = val.args[0].args[1]
            yield p.report(
                "SB423",
                given if given.kind == "const" and given.line and given.src is not None else val,
                f"implausible normalisation: values in 0..1 (bytes already divided by 255) are normalised with "
                f"mean={mean} and std={std}, which are for 0..255",
                why=f"every pixel becomes about {-mean[0] / std[0]:.2f}: the input is nearly constant",
                fix="Use mean and std on the scale 0..1 (such as 0.5 and 0.5), or leave the division by 255 out",
                related=(q.place(val),),
            )
            continue
        source = _byte_source(val.args[0].args[0])
        if not mean or not std or source is None or not (0 < max(mean) < 1 and 0 < max(std) < 1):
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB423",
            val,
            f"implausible normalisation: bytes in 0..255 are normalised with mean={mean}, which is for 0..1",
            why="the inputs are in the hundreds: nothing divides by 255 before mean and std are taken off",
            fix="Divide by 255 first: (x.float() / 255 - mean) / std",
            related=(q.place(source),),
        )


def _brought_to_one(val: Val) -> bool:
    """Whether bytes were divided by 255 and nothing but their type and layout was changed since."""
    for _ in range(12):
        by = val.args[1].const if val.name == "div" and len(val.args) == 2 and val.args[1].kind == "const" else None
        if by in (255, 256):
            return _is_bytes(val.args[0])
        if val.name not in _MOVES or not val.args:
            return False
        val = val.args[0]
    return False


def _is_bytes(val: Val) -> bool:
    for _ in range(12):
        if val.dtype == "uint8" or val.name in _BYTES:
            return True
        if val.name not in _MOVES or not val.args:
            return False
        val = val.args[0]
    return False


def _inside(val: Val) -> list[float]:
    """The numbers of a constant, a list of constants or a tensor made of them."""
    for _ in range(6):
        found = _numbers(val)
        if found or not val.args:
            return found
        val = val.args[0]
    return []


def _byte_source(val: Val) -> Val | None:
    """Where an image was read as bytes, when nothing but its type and layout was changed since."""
    for _ in range(12):
        if val.name in _BYTES or (val.name == "astype" and val.dtype == "uint8"):
            return val
        if val.kind == "tensor" and val.dtype == "uint8" and val.name not in _MOVES - {"to"}:
            wide = any(v.const in (255, 256) for v in ancestors(val, limit=20) if v.kind == "const")
            return val if wide else None  # other bytes may be masks of 0 and 1
        if val.name not in _MOVES or not val.args:
            return None
        val = val.args[0]
    return None

"""A loss scale by hand: the loss is multiplied before backward() and the gradients are divided again after it."""

from __future__ import annotations

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def pairs(p: Program) -> list[tuple[Event, Event]]:
    """Each backward() of a loss that was multiplied, with the division of the gradients by the same number."""
    if "hand scale" not in p.cache:
        divisions = [(e, by) for e in p.all("inplace", "augment", "attribute") if (by := _divisor(e)) is not None]
        found = []
        for back in p.all("backward") if divisions else ():
            loops = [r.node for r in back.loops]
            after = [
                (e, by) for e, by in divisions if e.seq > back.seq and [r.node for r in e.loops][: len(loops)] == loops
            ]
            scales = _scales(back)
            undone = next((e for e, by in after if e.rounds[: len(loops)] == back.rounds and _among(by, scales)), None)
            if undone is not None:
                found.append((back, undone))
        p.cache["hand scale"] = found
    known: list[tuple[Event, Event]] = p.cache["hand scale"]
    return known


def by_scaler(p: Program) -> list[Event]:
    """Divisions of gradients by what a scaler says its scale is: ``p.grad.div_(scaler.get_scale())``."""
    divided = [(e, _divisor(e)) for e in p.all("inplace", "augment", "attribute")]
    return [e for e, by in divided if by is not None and by.name == "get_scale"]


def _scales(back: Event) -> list[Val]:
    """The numbers that the loss of a backward() was multiplied by."""
    loss = f.core(back.recv) if back.recv is not None else None
    if loss is None or loss.name not in ("mul", "mul_") or len(loss.args) != 2:
        return []
    return [a for a in loss.args if not a.grad and not (a.kind == "const" and not _large(a.const))]


def _large(number: object) -> bool:
    return isinstance(number, (int, float)) and not isinstance(number, bool) and number > 1


def _divisor(event: Event) -> Val | None:
    """What a statement divides gradients by: ``p.grad.div_(s)``, ``p.grad /= s``, ``p.grad = p.grad / s``."""
    given = event.args[-1] if event.args else None
    if given is None:
        return None
    if event.kind == "attribute":
        made = f.core(given)
        if event.name != "grad" or len(made.args) != 2 or not _gradient(made.args[0]):
            return None
        return _quotient(made.name, made.args[1])
    if event.recv is None or not _gradient(event.recv):
        return None
    return _quotient({"div_": "div", "mul_": "mul", "Div": "div", "Mult": "mul"}.get(event.name, ""), given)


def _quotient(name: str, number: Val) -> Val | None:
    """``s`` of a division by it or of a product with ``1 / s``."""
    one = f.core(number)
    if name == "div":
        return one
    inverse = (
        name == "mul" and one.name in ("div", "true_divide") and len(one.args) == 2 and one.args[0].const in (1, 1.0)
    )
    if inverse:
        return f.core(one.args[1])
    if name == "mul" and isinstance(one.const, float) and 0 < one.const < 1:
        return one
    return None


def _gradient(val: Val) -> bool:
    one = f.core(val)
    return one.name == "grad" and one.kind in ("tensor", "unknown")


def _among(by: Val, scales: list[Val]) -> bool:
    """Whether gradients are divided by one of the numbers that the loss was multiplied by."""
    if by.kind == "const" and isinstance(by.const, (int, float)) and 0 < by.const < 1:
        return any(s.kind == "const" and abs(s.const * by.const - 1) < 1e-6 for s in scales)
    return any(f.same(by, s) for s in scales)

"""An attention mask has the wrong polarity.

## What it does

Finds padding masks and causal masks that are True (or kept) at the wrong positions for the function they go to.

## Why is this bad

`key_padding_mask` and `attn_mask` of `nn.MultiheadAttention` and `nn.Transformer*` hide what is True. The mask of
`scaled_dot_product_attention` keeps what is True. The other way round only padding (or the future) is attended to.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 32, padding_idx=0)
        self.att = nn.MultiheadAttention(32, 4, batch_first=True)

    def forward(self, ids):
        h = self.emb(ids)
        return self.att(h, h, h, key_padding_mask=ids != 0)[0]
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 32, padding_idx=0)
        self.att = nn.MultiheadAttention(32, 4, batch_first=True)

    def forward(self, ids):
        h = self.emb(ids)
        return self.att(h, h, h, key_padding_mask=ids == 0)[0]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import masks
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

# Where library layers take what they hide: the names, and the place of the first of them.
_HIDING: dict[str, tuple[int, tuple[str, ...]]] = {
    "MultiheadAttention": (3, ("key_padding_mask", "need_weights", "attn_mask")),
    "TransformerEncoder": (1, ("mask", "src_key_padding_mask")),
    "TransformerEncoderLayer": (1, ("src_mask", "src_key_padding_mask")),
    "TransformerDecoder": (2, ("tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask")),
    "TransformerDecoderLayer": (2, ("tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask")),
    "Transformer": (
        2,
        (
            *("src_mask", "tgt_mask", "memory_mask"),
            *("src_key_padding_mask", "tgt_key_padding_mask", "memory_key_padding_mask"),
        ),
    ),
}
_OPPOSITE = {"padding": "real", "real": "padding", "past": "future", "future": "past"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _of_losses(p)
    for event in p.once("forward"):
        if event.name in _HIDING and event.recv is not None and event.recv.owner is None:
            start, names = _HIDING[event.name]
            for place, name in enumerate(names, start):
                mask = event.arg(place, name) if name not in ("need_weights", "memory_mask") else None
                if mask is not None and masks.counted(mask) is None:  # numbers are added, not read as True and False
                    yield from _judge(p, event, mask, name, ("real", "past"), f"nn.{event.name} hides what is True")
    for event in p.first_calls("scaled_dot_product_attention", "masked_fill", "masked_fill_"):
        last = event.name.rsplit(".", 1)[-1]
        if last == "scaled_dot_product_attention":
            mask = event.arg(3, "attn_mask")
            if mask is not None and not _additive(mask):
                note = "scaled_dot_product_attention keeps what is True"
                yield from _judge(p, event, mask, "attn_mask", ("padding", "future"), note)
        elif last in ("masked_fill", "masked_fill_") and len(event.args) >= 2 and _lowest(event.args[1]):
            made = event.result
            if made is not None and any(u.name == "softmax" for u in q.users(p, made)):
                note = "masked_fill with -inf hides what is True"
                yield from _judge(p, event, event.args[0], "the mask", ("real", "past"), note)


def _of_losses(p: Program) -> Iterator[Finding]:
    """``loss * (targets == pad)``: only the padding is trained on."""
    seen: set[int] = set()
    for back in p.once("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            if val.name != "mul" or len(val.args) != 2 or not val.grad:
                continue
            for loss, mask in (val.args, val.args[::-1]):
                one = f.core(mask)
                if (
                    not loss.grad
                    or one.grad
                    or one.name not in ("compare", "eq")
                    or len(one.args) < 2
                    or id(one.node) in seen
                ):
                    continue
                pad = one.args[1]
                equal = one.name == "eq" or "Eq" in one.tags
                left_out = (isinstance(pad.const, int) and pad.const < 0) or bool(
                    {"pad", "ignore"} & set(words(pad.var))
                )
                if equal and left_out and "pad" not in words(mask.var):
                    seen.add(id(one.node))
                    yield p.report(
                        "SB840",
                        one if one.line else val,
                        "the mask of the loss is inverted: it is 1 at the padding (left-out) positions",
                        why="the loss is taken over the padding alone, and the real targets are never trained on",
                        fix="Use targets != pad",
                        related=(q.place(val),),
                    )


def _judge(p: Program, event: Event, mask: Val, name: str, wrong: tuple[str, ...], note: str) -> Iterator[Finding]:
    kind, made = meaning(p, mask)
    if kind not in wrong or made is None:
        return
    what = "padding mask" if kind in ("real", "padding") else "causal mask"
    seen_by = {"real": "only the padding", "padding": "only the padding", "past": "only the future"}
    yield p.report(
        "SB840",
        made if made.line else event,
        f"the {what} is inverted: {note}, but {name} is True at the {kind} positions",
        why=f"attention then reads {seen_by.get(kind, 'only the future')} and never what it should",
        fix="Invert the mask (~mask), or build it the other way round (ids == pad instead of ids != pad)",
        related=((str(event.src.path), event.line, "used here"),),
    )


def meaning(p: Program, mask: Val) -> tuple[str, Val | None]:
    """Where a boolean mask is True: padding, real, past or future positions, and where it is made."""
    current, turned = mask, False
    for _ in range(20):
        if current.kind == "phi":
            found = [meaning(p, o) for o in list(current.options())[:6] if not o.is_none]
            kind = found[0][0] if len({k for k, _ in found}) == 1 else ""
            return (_OPPOSITE[kind] if turned and kind else kind), found[0][1] if kind else None
        if current.name in ("invert", "logical_not") and current.args:
            turned, current = not turned, current.args[0]
            continue
        if current.name in ("compare", "eq", "ne", "lt", "ge", "gt", "le") and len(current.args) > 1:
            told = _told(current.args[0])
            kind = "" if told else _compared(p, current)
            if not kind and current.args[1].const in (0, 1, False, True) and (told or _triangle(current.args[0])):
                same = ("NotEq" in current.tags or current.name == "ne") == (not current.args[1].const)
                turned, current = turned != (not same), current.args[0]
                continue
            return (_OPPOSITE[kind] if turned and kind else kind), current
        if current.name in ("tril", "triu"):
            diagonal = current.number(1, "diagonal") or 0
            kind = "past" if current.name == "tril" and diagonal == 0 else ""
            kind = "future" if current.name == "triu" and diagonal == 1 else kind
            return (_OPPOSITE[kind] if turned and kind else kind), current
        if current.name in ("cat", "concat") and current.args and current.args[0].items:
            made = [i for i in current.args[0].items if i.name not in _CONSTANT]
            if len(made) == 1:
                current = made[0]
                continue
        if current.name in _SEEN and current.args:
            current = current.args[0]
            continue
        break
    return "", None


_CONSTANT = ("new_zeros", "new_ones", "zeros", "ones", "full", "new_full", "zeros_like", "ones_like", "tensor")


_SEEN = frozenset(
    [
        "batch",
        "bool",
        "long",
        "int",
        "float",
        "to",
        "cuda",
        "pad",
        "element",
        "part",
        "unsqueeze",
        "getitem",
        "view",
        "expand",
        "squeeze",
        "transpose",
        "contiguous",
        "forward",
    ]
)


def _told(val: Val) -> bool:
    """Whether numbers are a mask already: a comparison, counted as ones and zeros."""
    return any(v.name in ("compare", "eq", "ne", "invert", "logical_not") for v in q.chain(val)[:8])


def _triangle(val: Val) -> bool:
    return any(v.name in ("tril", "triu") for v in ancestors(val, limit=6))


def _compared(p: Program, val: Val) -> str:
    """The meaning of ``ids == pad`` or ``positions < lengths``."""
    left, right = val.args[0], val.args[1]
    op = next((t for t in ("NotEq", "Eq", "LtE", "Lt", "GtE", "Gt") if t in val.tags), "")
    op = op or {"eq": "Eq", "ne": "NotEq", "lt": "Lt", "ge": "GtE", "gt": "Gt", "le": "LtE"}.get(val.name, "")
    if op in ("Eq", "NotEq"):
        number, tokens = (right, left) if right.kind in ("const", "number", "unknown") else (left, right)
        pad = (number.const == 0 and type(number.const) is int) or "pad" in words(number.var)
        if pad and _whole(p, tokens):
            return "padding" if op == "Eq" else "real"
        return ""
    if right.const == 0 and type(right.const) is int and op in ("Gt", "LtE") and _whole(p, left):
        return "padding" if op == "LtE" else "real"
    places = [any(v.name == "arange" for v in ancestors(side, limit=8)) for side in (left, right)]
    if all(places):
        return ""  # places of queries and keys, not places and lengths
    if places[0] and _lengths(right):
        return {"Lt": "real", "GtE": "padding"}.get(op, "")
    if places[1] and _lengths(left):
        return {"Gt": "real", "LtE": "padding"}.get(op, "")
    return ""


def _whole(p: Program, val: Val) -> bool:
    return val.dtype in ("long", "") and val.name not in ("tril", "triu", "ones", "zeros") and _ids(p, val)


def _ids(p: Program, val: Val) -> bool:
    """Whether a value is a table of tokens: by its type, by its name, or because they are looked up somewhere."""
    if val.dtype == "long" or any(id(v) in _looked_up(p) for v in q.chain(val)):
        return True
    said = set(words(val.var))
    return bool(
        said & {"ids", "tokens", "token", "src", "tgt", "x", "input", "inputs", "seq", "sequence", "text", "batch"}
    )


def _looked_up(p: Program) -> set[int]:
    """Ids of what goes into embeddings."""
    if "looked up" not in p.cache:
        events = [e for e in p.all("forward") if e.name == "Embedding" and e.args]
        p.cache["looked up"] = {id(v) for e in events for v in q.chain(e.args[0])}
    found: set[int] = p.cache["looked up"]
    return found


def _lengths(val: Val) -> bool:
    return any(
        v.name == "len" or {"length", "lengths", "lens", "len"} & set(words(v.var)) for v in ancestors(val, limit=10)
    )


def _additive(mask: Val) -> bool:
    """Whether a mask is added to the scores: floats with -inf."""
    return any(v.name in ("masked_fill", "full", "float_builtin", "where") for v in ancestors(mask, limit=20))


def _lowest(val: Val) -> bool:
    low = isinstance(val.const, (int, float)) and val.const <= -1000
    return low or val.name in ("min", "finfo", "neg", "inf")

"""The padding index belongs to a real word or category.

## What it does

Finds `Embedding(padding_idx=...)` whose padding index is also the code of a real word or category: a vocabulary that
is numbered from 0 without a padding entry, or a plain categorical feature.

## Why is this bad

The vector of the padding index is zero and never trained, and masks remove it: that word or category is invisible.

## Example

```python
vocab = {w: i for i, w in enumerate(sorted(words))}
ids = nn.utils.rnn.pad_sequence([torch.tensor([vocab[w] for w in s]) for s in sentences], batch_first=True)
embedding = nn.Embedding(len(vocab), 16, padding_idx=0)
x = embedding(ids)
```

## Use instead

```python
vocab = {w: i + 1 for i, w in enumerate(sorted(words))}
ids = nn.utils.rnn.pad_sequence([torch.tensor([vocab[w] for w in s]) for s in sentences], batch_first=True)
embedding = nn.Embedding(len(vocab) + 1, 16, padding_idx=0)
x = embedding(ids)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_PADS = frozenset(["pad_sequence", "pad", "ljust", "full", "zeros", "full_like", "new_zeros", "new_full", "zeros_like"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for event in p.all("forward"):
        layer = event.recv
        if layer is None or layer.name not in ("Embedding", "EmbeddingBag") or not event.args or id(layer.node) in told:
            continue
        pad = layer.arg(2, "padding_idx")
        if pad is None or type(pad.const) is not int:
            continue
        found = _word(event.args[0], pad.const) or _category(p, layer, event.args[0], pad.const)
        if found is not None:
            told.add(id(layer.node))
            at, what = found
            yield p.report(
                "SB466",
                at if at.node is not None else layer,
                f"padding_idx={pad.const} is also the index (id) of a real {what}: padding and {what} collide",
                why="the embedding of the padding index is zero and gets no gradient, so this "
                f"{what} cannot be told from padding and is never learned",
                fix="Keep an index for padding alone (number the others from 1), or leave out padding_idx",
                related=((str(layer.src.path) if layer.src else "", layer.line, "the embedding"),),
            )


def _word(ids: Val, pad: int) -> tuple[Val, str] | None:
    """The vocabulary without a padding entry that numbers the words from the padding index on."""
    values = list(ancestors(ids, limit=1500))
    if any(v.name in ("add", "Add") and any(a.const == 1 for a in v.args) for v in values):
        return None
    for one in values:
        if one.name not in ("code", "get") or not one.args or one.args[0].kind != "dict":
            continue
        table = one.args[0]
        node = table.node
        if not isinstance(node, ast.DictComp) or _start(node) != pad or _own_entries(table):
            continue
        source = [v for part in table.args[1:] for v in ancestors(part, limit=200)]
        between = {id(v.args[0]) for v in source if v.name in _JOINS and v.args}
        if any(v.kind == "const" and isinstance(v.const, str) and _special(v.const, id(v) in between) for v in source):
            continue
        if any(v.name == "star" or "free" in v.tags for v in source) or _given(source):
            continue
        return table, "word"
    return None


def _own_entries(table: Val) -> bool:
    """Whether a table has an entry for padding that was put in by name, beside the words."""
    return any(key != "*" and (_special(key, False) or value.kind != "const") for key, value in table.attrs.items())


_JOINS = frozenset(["join"])  # what stands between words is no word


def _special(text: str, between: bool) -> bool:
    low = text.lower()
    if between and not low.strip():
        return False
    return "pad" in low or low.startswith(("<", "[")) or low in ("", " ", ".", "_", "-", "#", "~", "\0", "^", "$")


def _given(source: list[Val]) -> bool:
    """Whether the words come from an opaque thing that may well hold a padding entry."""
    return any(v.kind == "unknown" and v.name in ("load", "get_vocab", "get_itos", "itos", "vocab") for v in source)


def _start(node: ast.DictComp) -> int | None:
    """The number of the first entry of ``{w: i for i, w in enumerate(words)}``."""
    gen = node.generators[0]
    over, target = gen.iter, gen.target
    if len(node.generators) > 1 or not isinstance(target, ast.Tuple) or not isinstance(over, ast.Call):
        return None
    if syntax.text(over.func) != "enumerate" or syntax.text(node.value) != syntax.text(target.elts[0]):
        return None
    start = over.args[1] if len(over.args) > 1 else next((k.value for k in over.keywords if k.arg == "start"), None)
    return 0 if start is None else start.value if isinstance(start, ast.Constant) and type(start.value) is int else None


def _category(p: Program, layer: Val, ids: Val, pad: int) -> tuple[Val, str] | None:
    """A categorical feature whose codes start at 0, that nothing ever pads, whoever asks the embedding."""
    if pad != 0:
        return None
    steps = lineage.path(ids)
    others = [e.args[0] for e in p.all("forward") if e.recv is not None and e.recv.node is layer.node and e.args]
    if any(v.name in _PADS or v.name in _SHIFTS for one in (ids, *others[:12]) for v in lineage.path(one)):
        return None
    if any(getattr(v.owner, "kind", "") == "module" for v in steps):
        return None  # tokens that a model chose
    ends = [v for v in steps if not lineage.data_input(v) or v.name in ("codes", "multinomial", "fit_transform")]
    coded = [v for v in ends if v.name in ("codes", "factorize", "multinomial")]
    coded += [v for v in ends if v.name == "fit_transform" and v.args and v.args[-1].name in _ENCODERS]
    place = Val("unknown") if coded else None
    return (place, "category") if place is not None else None


_SHIFTS = frozenset(["add", "where", "masked_fill", "repeat"])
_ENCODERS = ("LabelEncoder", "OrdinalEncoder")

"""Unknown words get the id of the padding.

## What it does

Finds `vocab.get(word, 0)` where 0 is the padding and the vocabulary has an own id for unknown words.

## Why is this bad

Padding is masked out and its vector stays zero: every unseen word disappears from the sequence, and the vector of
the unknown word is never trained.

## Example

```python
PAD, UNK = 0, 1
vocab = {"<pad>": PAD, "<unk>": UNK, "good": 2}
ids = [vocab.get(w, 0) for w in "a good day".split()]
emb = nn.Embedding(3, 8, padding_idx=PAD)
```

## Use instead

```python
PAD, UNK = 0, 1
vocab = {"<pad>": PAD, "<unk>": UNK, "good": 2}
ids = [vocab.get(w, UNK) for w in "a good day".split()]
emb = nn.Embedding(3, 8, padding_idx=PAD)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_UNKNOWN = frozenset(["unk", "unknown", "oov"])
_PADDING = frozenset(["pad", "padding"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    looked_up = [e for e in p.first_calls("get") if e.name == ".get" and len(e.args) > 1]
    unknown = _ids(p, _UNKNOWN) if looked_up else set()
    if not unknown:
        return
    pads = _ids(p, _PADDING)
    counted = {id(s) for n in q.nodes(p, ast.BinOp) for s in (n.left, n.right)}  # counts.get(w, 0) + 1
    for event in looked_up:
        if id(event.node) in counted or event.src is not p.source:
            continue
        other = event.args[1]
        given = event.node.args[1] if isinstance(event.node, ast.Call) and len(event.node.args) > 1 else None
        named = given is not None and bool(_PADDING & set(words(syntax.text(given))))
        if named or (isinstance(other.const, int) and other.const in pads and other.const not in unknown):
            yield p.report(
                "SB860",
                event,
                f"unknown words get the id of the padding ({syntax.text(given) if given is not None else 'PAD'}), not "
                "that of <unk>",
                why="padding is masked out and its vector stays zero, so unseen words vanish from the sequence",
                fix="Fall back to the unknown token: vocab.get(word, UNK)",
            )


def _ids(p: Program, wanted: frozenset[str]) -> set[int]:
    """The numbers that stand for padding (or for unknown words): constants of that name, entries of vocabularies."""
    found = {v.const for n, v, _ in p.assigns if wanted & set(words(n)) and _whole(v.const)}
    for node in q.nodes(p, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and wanted & set(words(key.value.lower())):
                found |= {value.value} if isinstance(value, ast.Constant) and _whole(value.value) else set()
    for node in q.nodes(p, ast.List):
        for place, item in enumerate(node.elts):
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                found |= {place} if wanted & set(words(item.value.lower().strip("<>[]"))) and place < 5 else set()
    for event in p.all("call"):
        index = event.kwargs.get("padding_idx")
        if wanted is _PADDING and index is not None and _whole(index.const):
            found.add(index.const)
    return found


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

"""Text is prepared in another way for prediction than for training.

## What it does

Finds words that are looked up in one vocabulary, in training after `lower()` or another clean-up and elsewhere without.

## Why is this bad

Words with capital letters are unknown to the vocabulary: the model gets other input than it was trained on.

## Example

```python
vocab = {w: i for i, w in enumerate(sorted({w for t in texts for w in t.lower().split()}))}
for text, y in zip(texts, labels):
    ids = torch.tensor([vocab[w] for w in text.lower().split()])
    optimizer.zero_grad()
    F.cross_entropy(model(ids), y).backward()
    optimizer.step()
ids = torch.tensor([vocab[w] for w in question.split()])
print(model(ids).argmax())
```

## Use instead

```python
vocab = {w: i for i, w in enumerate(sorted({w for t in texts for w in t.lower().split()}))}
def encode(text):
    return torch.tensor([vocab[w] for w in text.lower().split()])
for text, y in zip(texts, labels):
    optimizer.zero_grad()
    F.cross_entropy(model(encode(text)), y).backward()
    optimizer.step()
print(model(encode(question)).argmax())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_CASE = frozenset(["lower", "casefold", "upper"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    known: dict[int, bool] = {}
    built: dict[int, bool] = {}
    later: list[tuple[int, Val]] = []
    for event in p.all("forward"):
        if event.depth or not event.args:
            continue
        learned = event.grad and training.trained_output(p, event.result)
        for table, look in _lookups(event.args[0]):
            cased = any(v.name in _CASE for v in ancestors(look.args[1], limit=120))
            if not cased and table not in built:
                built[table] = _lowered(p, look.args[0])
            if not cased and built[table] and not _plain(look):
                later.append((table, look))
                known[table] = True
            elif learned:
                known[table] = known.get(table, True) and cased
            elif not cased and not _plain(look):
                later.append((table, look))
    told: set[int] = set()
    for table, look in later:
        if known.get(table) and id(look.node) not in told:
            told.add(id(look.node))
            yield p.report(
                "SB465",
                look,
                "the text is not lower-cased here (lower), but it is for "
                f"{'the vocabulary' if built.get(table) else 'training'}: preprocessing differs at inference",
                why="words with capital letters are not in the vocabulary, so they become unknown words",
                fix="Use one function that tokenizes and encodes, in training and in prediction",
            )


def _lookups(x: Val) -> Iterator[tuple[int, Val]]:
    """Every look-up of a word in a table behind an input: the table and the look-up."""
    for one in ancestors(x, limit=1500):
        if one.name in ("code", "get") and len(one.args) > 1 and one.args[0].kind == "dict":
            yield id(one.args[0]), one


def _lowered(p: Program, table: Val) -> bool:
    """Whether every word was put into a table in lower case."""
    keys = [e.args[0] for e in p.all("setitem") if e.recv is table and e.args and e.args[0].kind != "const"]
    if table.name == "comprehension":
        keys.append(table)
    return bool(keys) and all(_in_lower_case(k) for k in keys)


def _in_lower_case(key: Val) -> bool:
    """Whether a text behind a key was lower-cased: a number that only counts texts is none."""
    seen, stack = set[int](), [key]
    while stack and len(seen) < 200:
        one = stack.pop()
        if one.name in _CASE:
            return True
        if id(one) not in seen and one.kind != "number" and one.name not in ("range", "len"):
            seen.add(id(one))
            stack += [*one.inputs(), *(one.items or ())]
    return False


def _plain(look: Val) -> bool:
    """Whether the text that is looked up is known to be in lower case."""
    texts = [v.const for v in ancestors(look.args[1], limit=120) if v.kind == "const" and isinstance(v.const, str)]
    texts = [t for t in texts if any(c.isalpha() for c in t)]
    return bool(texts) and all(t == t.lower() for t in texts)

"""Language-model targets are not shifted: the model copies its input.

## What it does

Finds language models whose targets are the input tokens themselves, not the next ones.

## Why is this bad

The model learns to copy its input. The loss falls to zero and nothing is learned.

## Example

```python
model = nn.Sequential(nn.Embedding(100, 32), nn.Linear(32, 100))
for tokens in loader:
    optimizer.zero_grad()
    logits = model(tokens)
    loss = F.cross_entropy(logits.view(-1, 100), tokens.view(-1))
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Embedding(100, 32), nn.Linear(32, 100))
for tokens in loader:
    optimizer.zero_grad()
    logits = model(tokens[:, :-1])
    loss = F.cross_entropy(logits.reshape(-1, 100), tokens[:, 1:].reshape(-1))
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import tokens
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.once("loss"):
        if event.name not in ("CrossEntropyLoss", "NLLLoss") or len(event.args) < 2:
            continue
        goal, moved, loaded = _goal(event.args[1])
        if goal is None or not _sequences(event):
            continue
        pred = list(ancestors(event.args[0], limit=3000))
        back = _backwards(pred, goal, moved, loaded)
        if back is not None:
            place = _cut(event.args[1]) or event
            if id(place.node) not in seen:
                seen.add(id(place.node))
                yield _reversed(p, place, event)
            continue
        if any(_slices_output(v, goal) for v in pred):
            continue
        if _next_window(pred, goal, moved, loaded):
            place = _cut(event.args[1]) or event
            if id(place.node) not in seen:
                seen.add(id(place.node))
                yield _far(p, place, event)
            continue
        embedded = [
            v
            for v in pred
            if v.name == "Embedding" and v.args and tokens.token_source(v.args[0], loaded) == (goal, moved)
        ]
        if not embedded or any(
            v.name in ("masked_fill", "where", "masked_fill_", "clone")
            for e in embedded
            for v in ancestors(e, limit=40)
        ):
            continue
        if any(
            e.recv is not None
            and any(e.recv is a for a in ancestors(embedded[0], limit=40))
            and not _prepared(e, event)
            for e in p.all("setitem")
        ):
            continue
        cut = _cut(event.args[1])
        if cut is not None and id(cut.node) in seen:
            continue
        seen.add(id(cut.node if cut is not None else event.node))
        yield p.report(
            "SB224",
            cut if cut is not None else event,
            "the targets are the input tokens themselves: they are not shifted by one",
            why="each target is identical to its input (off by one), so the model learns to copy instead of predicting "
            "the next token",
            fix="Use logits[:, :-1] with tokens[:, 1:]",
            related=((str(event.src.path), event.line, "the loss"),) if cut is not None else (),
        )


def _far(p: Program, place: Val | Event, event: Event) -> Finding:
    return p.report(
        "SB224",
        place,
        "the targets are the next window, not the next token: they are shifted by the length of the input, not by one",
        why="each position is compared with the token a whole window later, which it cannot know: the loss stays near "
        "that of guessing",
        fix="Shift by one: tokens[:, i : i + n] as the input and tokens[:, i + 1 : i + n + 1] as the target",
        related=((str(event.src.path), event.line, "the loss"),),
    )


def _next_window(pred: list[Val], goal: Val, moved: str, loaded: bool) -> bool:
    """Whether a recurrent model that reads one window only has to say the next one, position by position."""
    if not any(v.name == "recurrent" for v in pred):
        return False
    read = [tokens.token_source(v.args[0], loaded) for v in pred if v.name == "Embedding" and v.args]
    return bool(read) and all(source is goal and tokens.follows(moved, key) for source, key in read)


def _goal(target: Val) -> tuple[Val | None, str, bool]:
    """The tokens that the targets are, how they were sliced, and whether a data set has cut them."""
    goal, moved = tokens.token_source(target)
    if goal is not None and goal.name == "batch":
        chunk = tokens.token_source(target, through_batches=True)
        if chunk[0] is not None and ":" in chunk[1]:  # pieces of one long text
            return *chunk, True
    return goal, moved, False


def _reversed(p: Program, place: Val | Event, event: Event) -> Finding:
    return p.report(
        "SB224",
        place,
        "the targets are shifted the wrong way: each one is the token before its input, which the model has just read",
        why="the input begins one place later than the target (off by one), so the model learns to repeat the previous "
        "token instead of predicting the next one",
        fix="Use tokens[:-1] as the input and tokens[1:] as the target",
        related=((str(event.src.path), event.line, "the loss"),),
    )


def _backwards(pred: list[Val], goal: Val, moved: str, loaded: bool) -> Val | None:
    """The embedded input, when it is cut one place behind its target: ``t[1:]`` with ``t[:-1]``."""
    if any(v.name in ("flip", "flipud", "fliplr", "cat") for v in pred):
        return None
    for one in pred:
        if one.name == "Embedding" and one.args:
            source, key = tokens.token_source(one.args[0], loaded)
            mine, other = key.strip(";").split(";"), moved.strip(";").split(";")
            if source is not goal or len(mine) != len(other) or mine[1:] != other[1:]:
                continue
            if "".join(mine[0].split()).strip("(),:") == "1" and other[0].replace(" ", "").strip("(),:") == "-1":
                return one
            low, begin = mine[0].split(":")[0].strip(), other[0].split(":")[0].strip()
            if (low and begin and low == f"{begin} + 1") or tokens.ahead(moved, key) == -1:
                return one
    return None


def _slices_output(val: Val, goal: Val) -> bool:
    """Whether a slice cuts the outputs along time."""
    return (
        val.name == "getitem"
        and val.kind == "tensor"
        and len(val.args) > 1
        and any(k.kind == "slice" for k in (val.args[1].items or [val.args[1]]))
        and val.dtype != "float"
        and tokens.token_source(val)[0] is not goal
        and tokens.is_sliced_output(val)
    )


def _prepared(change: Event, loss: Event) -> bool:
    """Whether tokens are changed where the data is made, before the loop and the same for inputs and targets."""
    parts = list(ancestors(loss.args[1], limit=200))
    return not change.loops and any(v is change.recv for v in parts) and not any(v.name == "clone" for v in parts)


def _cut(goal: Val) -> Val | None:
    """Where the targets are sliced out of the tokens, if that is not at the loss itself."""
    current = goal
    for _ in range(20):
        if current.kind == "phi" and current.args:
            current = current.args[0]
        elif current.name in ("stack", "cat") and current.args and current.args[0].items:
            return current if current.args[0].items[0].name == "getitem" else None
        elif current.name == "getitem" and current.args and current.line:
            return current
        elif current.name in (*tokens.MOVES, "batch", "clone", "tensor") and current.args:
            current = current.args[0]
        else:
            break
    return None


def _sequences(event: Event) -> bool:
    """Whether the loss judges every position of sequences, not one label for each sample."""
    if any(a.shape is not None and len(a.shape) > rank for a, rank in zip(event.args, (2, 1), strict=False)):
        return True
    return any(v.name in _LAYOUT for a in event.args[:2] for o in a.options() for v in q.seen_through(o))


_LAYOUT = frozenset(["view", "reshape", "flatten", "transpose", "permute", "t", "movedim", "T"])

"""Input and target get different random transforms.

## What it does

Finds input and target that go through the same random transform separately.

## Why is this bad

Each call draws anew: the mask is flipped when the image is not.

## Example

```python
from torch.utils.data import Dataset
from torchvision import transforms
class Pairs(Dataset):
    def __init__(self, images, masks):
        self.images, self.masks = images, masks
        self.augment = transforms.RandomHorizontalFlip()
    def __len__(self):
        return len(self.images)
    def __getitem__(self, i):
        return self.augment(self.images[i]), self.augment(self.masks[i])
```

## Use instead

```python
from torch.utils.data import Dataset
from torchvision import transforms
class Pairs(Dataset):
    def __init__(self, images, masks):
        self.images, self.masks = images, masks
        self.augment = transforms.RandomHorizontalFlip()
    def __len__(self):
        return len(self.images)
    def __getitem__(self, i):
        both = self.augment(torch.stack([self.images[i], self.masks[i]]))
        return both[0], both[1]
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import moving, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told = list(_one_sided(p))
    yield from told
    for step, target, at in moving.lopsided(p):
        if not any(abs(f.line - step.line) <= 3 for f in told):
            name, by = target.var or "its target", _said(step)
            said = f"but {name} keeps its place"
            if moving.apart(target):
                said = f"and {name} by a draw of its own, not by the same one"
            yield p.report(
                "SB413",
                at,
                f"the input is moved at random ({by}), {said}",
                why="the target (mask, boxes, points, direction) no longer fits the flipped, cropped or rotated input",
                fix="Apply the same transform to both, with the same random draw",
            )
    yield from _stored_transform(p)
    for cls in p.classes:
        method = cls.method("__getitem__")
        if method is None or cls.base not in ("dataset", "iterable", "instance"):
            continue
        length = cls.method("__len__")
        if _unpaired(method.node, length.node if length is not None else None):
            continue
        flips: dict[str, list[Any]] = {}
        calls: dict[str, list[ast.Call]] = {}
        for n in syntax.walk(method.node):
            if isinstance(n, ast.Call) and len(n.args) == 1:
                calls.setdefault(syntax.text(n.func), []).append(n)
            if isinstance(n, ast.If) and d.draws_random(n.test):
                changed = {syntax.text(t) for a in n.body if isinstance(a, ast.Assign) for t in a.targets}
                if len(changed) == 1 and len(n.body) == 1:
                    flips.setdefault(changed.pop(), []).append(n)
        for name, uses in calls.items():
            subjects = {syntax.text(u.args[0]) for u in uses}
            if set(words(name.replace(".", "_"))) & {"pick", "sample", "choose", "draw", "select", "index"}:
                continue  # it looks for an item, it does not change one
            if len(subjects) < 2 or _two_samples(method.node, subjects) or not _random(p, cls, name, subjects):
                continue
            yield _finding(p, method, uses[1], f"{name} draws anew for each of {sorted(subjects)}")
        if len(flips) >= 2 and any(w in " ".join(flips) for w in ("mask", "target", "label", "seg", "gt", "y")):
            bodies = {ast.dump(n.test) for uses in flips.values() for n in uses}
            if len(bodies) == 1:
                yield _finding(
                    p,
                    method,
                    list(flips.values())[1][0],
                    f"{' and '.join(flips)} are changed by different draws",
                )


def _reached(body: list[ast.stmt], place: ast.AST) -> list[ast.stmt]:
    """The statements that can run after a branch: not those in the other arm of an ``if`` around it."""
    for at, statement in enumerate(body):
        if statement is place:
            return body[at:]
        if not any(n is place for n in syntax.walk(statement)):
            continue
        if isinstance(statement, (ast.For, ast.While, ast.AsyncFor)):
            return body[at:]  # what stands above it in the loop runs in the next round
        inner: list[ast.stmt] = []
        for arm in ("body", "orelse", "finalbody"):
            part = getattr(statement, arm, [])
            inner = inner or (_reached(part, place) if any(n is place for s in part for n in syntax.walk(s)) else [])
        if not inner:
            return body[at:]
        leaves = isinstance(inner[-1], (ast.Return, ast.Raise))
        return inner if leaves else [*inner, *body[at + 1 :]]
    return body


def _said(step: Val) -> str:
    return "crop" if step.name == "getitem" else step.name


_MOVES = frozenset(
    ["flip", "fliplr", "flipud", "hflip", "vflip", "rot90", "rotate", "roll", "crop", "resized_crop", "affine"]
) | {"shift", "transpose", "warp", "elastic", "rotation", "translate"}
_PLACES = frozenset(
    [
        "mask",
        "masks",
        "seg",
        "segmentation",
        "gt",
        "box",
        "boxes",
        "bbox",
        "bboxes",
        "keypoints",
        "landmarks",
        "annotation",
    ]
) | {"labelmap", "heatmap", "depth", "target_map", "points", "flow"}


_OF_TEXTS = frozenset(["strip", "lstrip", "rstrip", "lower", "upper", "startswith", "endswith"])


def _named_places(body: list[ast.stmt]) -> set[str]:
    """Names of masks, boxes, points and the like; a caption that is stripped or split is a text."""
    parts = [n for s in body for n in syntax.walk(s) if isinstance(n, (ast.Name, ast.Attribute))]
    texts = {syntax.text(n.value) for n in parts if isinstance(n, ast.Attribute) and n.attr in _OF_TEXTS}
    names = {n.id for n in parts if isinstance(n, ast.Name)}
    return {n for n in names - texts if set(words(n)) & _PLACES}


def _one_sided(p: Program) -> Iterator[Finding]:
    """A function that moves the image at random and hands on its mask, boxes or points unmoved."""
    for func in p.functions:
        node = func.node
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not func.src.mentions(*_CHANCE):
            continue
        places = syntax.known(node, "_places", partial(_named_places, body))
        if not places:
            continue
        drawn = syntax.known(node, "_drawn", partial(_drawn, body))
        for branch in [n for s in body for n in syntax.below(s, ast.If) if _by_chance(n.test, drawn)]:
            moved = _moved(branch.body)
            if not moved or set(moved) & places or any(set(words(m)) & _PLACES for m in moved):
                continue
            under = _under(branch, body)
            idle = {i for s in under for i in _as_it_was(s)}
            inside = {n.id for s in under for n in syntax.walk(s) if isinstance(n, ast.Name) and id(n) not in idle}
            if inside & places or not _go_together(_reached(body, branch), set(moved), places):
                continue
            name, call = next(iter(moved.items()))
            yield p.report(
                "SB413",
                (call, func.src),
                f"a random flip, crop or rotation is applied to {name} only, not applied to {sorted(places)[0]} "
                "(image and mask no longer correspond)",
                why="the target keeps its old place, so pixels and labels are misaligned (no longer match)",
                fix=f"Apply the same transform to both: {name} and {sorted(places)[0]}",
            )


def _under(branch: ast.If, body: list[ast.stmt]) -> list[ast.stmt]:
    """What is done in a branch, and in every other one that the same stored draw decides."""
    if d.draws_random(branch.test):
        return branch.body
    test = syntax.text(branch.test)
    alike = [n for s in body for n in syntax.walk(s) if isinstance(n, ast.If) and syntax.text(n.test) == test]
    return [s for other in alike for s in other.body]


_GEOMETRY = frozenset(
    ["RandomHorizontalFlip", "RandomVerticalFlip", "RandomRotation", "RandomAffine", "RandomCrop"]
) | {"RandomResizedCrop", "RandomPerspective", "ElasticTransform"}


def _stored_transform(p: Program) -> Iterator[Finding]:
    """A stored random transform that moves the image, while its mask or boxes are returned as they are."""
    for data in {id(e.result): e.result for e in p.all("make") if e.result is not None}.values():
        method = data.owner.method("__getitem__") if hasattr(data.owner, "method") else None
        if method is None or data.kind not in ("dataset", "instance"):
            continue
        moving = {
            f"self.{name}": one.name
            for name, val in data.attrs.items()
            for one in ancestors(val, limit=40)
            if one.kind == "transform" and one.name in _GEOMETRY and _draws(one)
        }
        body = method.node.body
        calls = [
            n for s in body for n in syntax.walk(s)
            if isinstance(n, ast.Assign) and isinstance(n.value, ast.Call) and syntax.text(n.value.func) in moving
        ]  # fmt: skip
        places = syntax.known(method.node, "_places", partial(_named_places, body))
        if (
            not calls
            or not places
            or any({n.id for n in syntax.walk(c) if isinstance(n, ast.Name)} & places for c in calls)
        ):
            continue
        moved = {syntax.text(t) for c in calls for t in c.targets}
        if _go_together(body, moved, places):
            kind = next(iter(moving.values()))
            yield _finding(
                p, method, calls[0], f"{kind} moves {sorted(moved)[0]}, but {sorted(places)[0]} keeps its place"
            )


_CHANCE = ("rand", "rng", "bernoulli", "uniform", "choice")  # without them nothing is drawn, see ``is_draw``


def _by_chance(test: ast.expr, drawn: set[str]) -> bool:
    """Whether a branch is taken at random, by a draw in the test or in a name that it reads."""
    return d.draws_random(test) or any(isinstance(n, ast.Name) and n.id in drawn for n in syntax.walk(test))


def _drawn(body: list[ast.stmt]) -> set[str]:
    """Names that get what is made by a random draw."""
    stored = [n for s in body for n in syntax.below(s, ast.Assign) if d.draws_random(n.value)]
    return {syntax.text(t) for n in stored for t in n.targets}


def _moved(body: list[ast.stmt]) -> dict[str, ast.AST]:
    """Names that are replaced by a moved version of themselves."""
    found: dict[str, ast.AST] = {}
    for part in (n for s in body for n in syntax.walk(s) if isinstance(n, ast.Assign)):
        for target, value in _pairs(part):
            if not isinstance(target, ast.Name):
                continue
            reads = {n.id for n in syntax.walk(value) if isinstance(n, ast.Name)}
            calls = [n for n in syntax.walk(value) if isinstance(n, ast.Call)]
            said = {w for c in calls for w in (syntax.text(c.func).rsplit(".", 1)[-1],)}
            reverse = "::-1" in syntax.text(value)
            if target.id in reads and (said & _MOVES or reverse):
                found[target.id] = part
    return found


def _pairs(part: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What each name gets, also in ``image, mask = flip(image), mask``."""
    for target in part.targets:
        if isinstance(target, ast.Tuple) and isinstance(part.value, ast.Tuple):
            yield from zip(target.elts, part.value.elts, strict=False)
        else:
            yield target, part.value


def _as_it_was(statement: ast.stmt) -> set[int]:
    """The names in an assignment that only get themselves."""
    found: set[int] = set()
    for part in (n for n in syntax.walk(statement) if isinstance(n, ast.Assign)):
        for target, value in _pairs(part):
            if isinstance(target, ast.Name) and isinstance(value, ast.Name) and target.id == value.id:
                found |= {id(target), id(value)}
    return found


def _go_together(body: list[ast.stmt], moved: set[str], places: set[str]) -> bool:
    """Whether the image and its target are returned (or yielded) as a pair."""
    for part in (
        n for s in body for n in syntax.walk(s) if isinstance(n, (ast.Return, ast.Yield)) and n.value is not None
    ):
        names = {n.id for n in syntax.walk(part.value) if isinstance(n, ast.Name)} if part.value is not None else set()
        if names & moved and names & places:
            return True
    return False


def _unpaired(method: ast.AST, length: ast.AST | None) -> bool:
    """Whether the two of a sample don't belong together anyway: by a random index, or each round its own list."""
    items = [n for n in syntax.walk(method) if isinstance(n, ast.Subscript)]
    named = {syntax.text(n.targets[0]): n.value for n in syntax.walk(method) if isinstance(n, ast.Assign)}
    keys = [(syntax.text(n.value), named.get(syntax.text(n.slice), n.slice)) for n in items]
    rounds = [(table, key.right) for table, key in keys if isinstance(key, ast.BinOp) and isinstance(key.op, ast.Mod)]
    counts = [(table, named.get(syntax.text(count), count)) for table, count in rounds]
    turned = {table for table, count in counts if syntax.text(count) == f"len({table})"}
    longest = length is not None and any(getattr(n, "id", "") == "max" for n in syntax.walk(length))
    return (longest and len(turned) > 1) or any(d.draws_random(n.slice) for n in items)


def _reseeds(node: ast.AST) -> bool:
    """Whether a function starts its random numbers from a given seed each time: then its calls draw alike."""
    calls = [n for n in syntax.walk(node) if isinstance(n, ast.Call) and n.args]
    names = {syntax.text(c.func).rsplit(".", 1)[-1] for c in calls}
    return bool(names & {"Random", "manual_seed", "seed", "default_rng", "RandomState", "set_rng_state", "setstate"})


def _draws(val: Val) -> bool:
    """Whether a transform is another one in each call: ``RandomHorizontalFlip(p=1)`` always flips."""
    if not val.name.startswith(("Random", "ColorJitter", "ElasticTransform")):
        return False
    coin = val.name in ("RandomHorizontalFlip", "RandomVerticalFlip", "RandomGrayscale", "RandomInvert")
    return not (coin and val.number(0, "p") in (0, 1))


_TARGETS = _PLACES | {"target", "targets", "label", "labels", "y"}
_OTHERS = frozenset(
    ["first", "second", "other", "anchor", "positive", "negative", "pos", "neg", "query", "view", "views"]
)


def _two_samples(method: ast.AST, subjects: set[str]) -> bool:
    """Whether what is changed are two samples of a pair or a triplet, not one sample and its target."""
    said = [set(words(s.replace(".", "_"))) for s in subjects]
    if any(one & _TARGETS for one in said):
        return False
    made: dict[str, str] = {}  # the table that each is an item of
    for part in (n for n in syntax.walk(method) if isinstance(n, ast.Assign)):
        made.update({syntax.text(t): syntax.text(v.value) for t, v in _pairs(part) if isinstance(v, ast.Subscript)})
    tables = {made.get(s, "") for s in subjects}
    return (len(tables) == 1 and "" not in tables) or any(one & _OTHERS for one in said)


def _draws_when_called(val: Val) -> bool:
    """Whether an object (or a function) of the program draws anew in each call."""
    if val.kind not in ("instance", "module", "func") or val.owner is None:
        return False
    method = val.owner
    if val.kind != "func":
        method = val.owner.method("__call__") or val.owner.method("forward") if hasattr(val.owner, "method") else None
    if method is None or _reseeds(method.node):
        return False
    return any(isinstance(n, ast.expr) and d.draws_random(n) for n in syntax.walk(method.node))


def _random(p: Program, cls: Any, name: str, subjects: set[str]) -> bool:
    key = name.removeprefix("self.")
    held = [e.args[0] for e in p.all("attribute") if e.name == key and e.args]
    held += [val for n, val, _ in p.assigns if n == name]
    own = any(set(words(s.replace(".", "_"))) & _TARGETS for s in subjects)  # of the program's own it must be said
    if any(_draws(a) or (own and _draws_when_called(a)) for val in held for a in ancestors(val, limit=60)):
        return True
    mine = cls.method(key) if name.startswith("self.") and "." not in key else None
    for func in p.functions:
        if mine is not None and func is not mine:
            continue  # another class has a method of this name
        if func.name == key and _reseeds(func.node):
            continue
        if func.name == key and any(isinstance(n, ast.expr) and d.draws_random(n) for n in syntax.walk(func.node)):
            return not any(w in key for w in ("both", "pair", "joint"))
    return False


def _finding(p: Program, method: Any, node: ast.AST, what: str) -> Finding:
    return p.report(
        "SB413",
        (node, method.src),
        f"input and target get different random transforms: {what}",
        why="each draws separately (independently), so the target is misaligned with its input",
        fix="Draw once and apply the same transform to both",
    )

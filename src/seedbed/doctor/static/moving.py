"""Pictures that are moved at random (flipped, cropped, turned) while the places that they are labelled with stay."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import lineage
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import Val, ancestors

_MOVES = frozenset(
    ["flip", "fliplr", "flipud", "hflip", "vflip", "rot90", "rotate", "roll", "affine", "grid_sample", "np_roll",
     "warpAffine", "resized_crop", "crop"]
)  # fmt: skip
_RANDOM = frozenset(
    ["randint", "random", "rand", "uniform", "choice", "randrange", "integers", "randn", "bernoulli", "np_randint",
     "np_random", "np_rand", "np_uniform", "np_choice", "getrandbits", "normalvariate", "gauss", "np_normal"]
)  # fmt: skip
_PLACES = frozenset(
    ["mask", "masks", "seg", "segmentation", "box", "boxes", "bbox", "bboxes", "keypoint", "keypoints", "kp", "kps",
     "landmark", "landmarks", "points", "pts", "joints", "coords", "coordinates", "angle", "angles",
     "steer", "steering", "yaw", "pose", "poses", "gaze", "heading", "flow", "disparity", "depth", "heatmap",
     "centers", "corners", "xy", "centre", "centres", "positions"]
)  # fmt: skip


def lopsided(p: Program) -> Iterator[tuple[Val, Val, Event | Place | Val]]:
    """A random move of the input that its target, which depends on places, does not follow; and where it is made."""
    learned = lineage.feeds(p)[0]
    if not learned:
        return
    made = {id(e.result): e for e in p.all("assign", "call") if e.result is not None}
    seen: set[int] = set()
    for feed in learned:
        if feed.y is None:
            continue
        steps = lineage.path(feed.x, 80)
        other = lineage.path(feed.y, 80)
        if not _geometric(steps, other):
            continue
        follows = _draws_behind(p, feed.y, other, made)
        known = {id(v) for v in other}
        for step in steps:
            if id(step) in known or id(step.node) in seen or not _is_move(step):
                continue
            draws = _draws(step, made.get(id(step)))
            if draws and not draws & follows and id(step) not in follows:
                seen.add(id(step.node))
                target = next((v for v in other if v.var), feed.y)
                event = made.get(id(step)) or next((e for e in p.makers(step.name) if e.result is step), None)
                yield step, target, _chosen(event) if event is not None else step


def apart(target: Val) -> bool:
    """Whether a target is moved at random as well, by draws of its own."""
    return any(_is_move(v) and _draws(v, None) for v in lineage.path(target, 80))


def _chosen(event: Event) -> Event | Place:
    """Where the target was left out: a helper that gets one thing only cannot move two, its call is the cause."""
    at: Event | Place = event
    for func, site in zip(reversed(event.funcs), reversed(event.sites), strict=False):
        given = getattr(func.node, "args", None)
        if given is None or func.name.startswith("__get"):
            break
        plain = [*given.posonlyargs, *given.args]
        needed = [a for a in plain[: len(plain) - len(given.defaults)] if a.arg not in ("self", "cls")]
        if len(needed) != 1 or given.vararg is not None:
            break
        at = site
    return at


def _is_move(step: Val) -> bool:
    if step.kind not in ("tensor", "unknown", "method") or not step.args:
        return False
    if step.name == "getitem" and len(step.args) > 1:
        parts = step.args[1].items or []
        bounds = [s for s in parts if s.kind == "slice" and not (s.args[0].is_none and s.args[1].is_none)]
        return len(bounds) >= 2 and any(_random(b) for b in bounds)
    return step.name in _MOVES


def _random(val: Val) -> set[int]:
    return {id(v) for v in ancestors(val, limit=60) if v.name in _RANDOM and v.kind in ("unknown", "tensor", "number")}


def _draws(step: Val, event: Event | None) -> set[int]:
    """The random numbers that decide on a move: in its arguments and in the branches around it."""
    found: set[int] = set()
    for arg in (*step.args[1:], *step.kwargs.values()):
        found |= _random(arg)
    return found | (_around(event) if event is not None else set())


def _around(event: Event) -> set[int]:
    """The random tests of the branches around an event."""
    found: set[int] = set()
    for node, _, test in event.conds:
        if _random(test):
            found |= {id(node)} | _random(test)
    return found


def _draws_behind(p: Program, y: Val, steps: list[Val], made: dict[int, Event]) -> set[int]:
    """Every random number, and every random branch, that the target depends on."""
    parts = list(ancestors(y, limit=400))
    found = {id(v) for v in parts if v.name in _RANDOM}
    known = {id(v) for v in parts}
    for part in parts:
        if id(part) in made:
            found |= _around(made[id(part)])
    for event in p.all("setitem", "inplace", "augment"):
        if event.recv is not None and (id(event.recv) in known or any(id(o) in known for o in event.recv.args[:1])):
            found |= _around(event)
            for arg in event.args:
                found |= _random(arg)
    return found


def _geometric(x_steps: list[Val], y_steps: list[Val]) -> bool:
    """Whether a target holds places: as its names say, or as it has the height and width of the picture."""
    if any(set(words(v.var)) & _PLACES for v in y_steps if v.var):
        return True
    shared = {id(v) for v in x_steps}
    own = [v for v in y_steps if v.shape is not None and id(v) not in shared and len(v.shape) >= 2]
    sizes = {v.shape[-2:] for v in own if v.shape is not None and None not in v.shape[-2:]}
    return any(v.shape is not None and len(v.shape) >= 3 and v.shape[-2:] in sizes for v in x_steps)

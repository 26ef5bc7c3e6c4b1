"""In which units targets and predictions are: raw, or scaled by something that must be undone."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures, training
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_ERRORS = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")
_PASS = frozenset(
    [
        "batch",
        "element",
        "part",
        "getitem",
        "train_test_split",
        "tensor",
        "as_tensor",
        "from_numpy",
        "array",
        "asarray",
        "astype",
        "FloatTensor",
        "Tensor",
        "random_split",
        "sample",
        "values",
        "to_numpy",
        "squeeze",
        "reshape",
        "unsqueeze",
        "view",
        "float",
        "numpy",
    ]
)
_LOGS = ("log", "log1p", "log2", "log10", "np_log", "np_log1p")


def trained_pairs(p: Program) -> Iterator[tuple[Val, Val]]:
    """Output layers and the targets that they are trained on with a squared or absolute error."""
    for event in p.all("loss"):
        if event.name in _ERRORS and len(event.args) > 1 and event.grad and p.trained(event.result):
            layer = output_layer(event.args[0])
            if layer is not None:
                yield layer, event.args[1]
    for diff, _ in training.squared_errors(p):
        one, other = diff.args[:2]
        for guess, goal in ((one, other), (other, one)):
            layer = output_layer(guess) if guess.grad and not goal.grad else None
            if layer is not None:
                yield layer, goal


def measured_pairs(p: Program) -> Iterator[tuple[Event, Val, Val]]:
    """Errors that are reported and not trained: where, prediction, target."""
    for event, truth, guess in measures.metric_calls(p, measures.ERRORS):
        yield event, guess, truth
    for event in p.once("loss"):
        if event.name in _ERRORS and len(event.args) > 1 and not p.trained(event.result):
            yield event, event.args[0], event.args[1]
    seen: set[int] = set()
    for event in p.all("call", "assign", "augment", "return"):
        for root in (event.result, *event.args):
            if root is None or root.kind not in ("tensor", "number") or p.trained(root):
                continue
            for val in ancestors(root, limit=14):
                if val.name not in ("abs", "pow", "square") or not val.args or id(val.node) in seen:
                    continue
                diff = f.core(val.args[0])
                if diff.name == "sub" and len(diff.args) == 2 and not p.trained(diff):
                    seen.add(id(val.node))
                    for guess, truth in (diff.args, diff.args[::-1]):
                        if output_layer(guess) is not None and not f.from_model(truth) and not _earlier(truth):
                            yield event, guess, truth


def _earlier(truth: Val) -> bool:
    """Whether it is what a model said before, by its name (``old_values``): the difference is how far it has moved."""
    return bool({"old", "prev", "previous", "before", "behavior", "behaviour"} & set(words(truth.var)))


def output_layer(val: Val) -> Val | None:
    """The last layer of a model whose plain output this is; collected batches are seen through."""
    for one in measures.elements(val):
        current = one
        for _ in range(12):
            if current.name in ("forward", "getitem", "squeeze", "relu", "softplus") and current.args:
                current = f.core(current.args[0])
            else:
                break
        if current.name in training.LOGIT_OPS and current.owner is not None:
            owner: Val = current.owner
            return owner
        if current.name in ("mul", "add", "exp", "expm1", "inverse_transform", "div", "sub") and current.args:
            made = next((a for a in current.args if f.from_model(a)), None)
            if made is not None:
                return output_layer(made)
    return None


def change_of_output(val: Val) -> bool:
    """Whether a prediction was transformed after the model (back to raw units, we trust)."""
    for one in measures.elements(val):
        while one.name in ("getitem", "squeeze", "ravel", "flatten") and one.args:
            one = f.core(one.args[0])
        if one.name in ("mul", "add", "exp", "expm1", "inverse_transform", "div", "sub", "pow", "sinh"):
            return True
        if one.name not in ("forward", "getitem", "Linear", "squeeze") and one.name not in training.LOGIT_OPS:
            return True
    return False


def brought_back(guess: Val, still: Val) -> bool:
    """Whether a prediction went back through the very scaling that a target is still in."""
    for one in measures.elements(guess):
        while one.name in ("getitem", "squeeze", "ravel", "flatten") and one.args:
            one = f.core(one.args[0])
        if still.name in _LOGS:
            return one.name in ("exp", "expm1", "np_exp", "np_expm1") and f.from_model(one)
        if still.name in ("transform", "fit_transform"):
            return one.name == "inverse_transform" and bool(one.args) and one.args[-1] is still.args[-1]
        by = f.core(still.args[1]) if len(still.args) == 2 else None
        terms = [t for _, t in f.plain_terms(one)]
        factors = [f.core(a) for t in terms if t.name == "mul" for a in t.args]
        return by is not None and any(_one_width(a, by) for a in factors) and any(f.from_model(a) for a in factors)
    return False


def _one_width(one: Val, other: Val) -> bool:
    """Whether two factors are one number, or the same difference (``high - low``) worked out a second time."""
    if one is other:
        return True
    both = [[f.core(a) for a in v.args] for v in (one, other) if v.name == "sub" and len(v.args) == 2]
    return len(both) == 2 and all(a is b for a, b in zip(*both, strict=True))


def change(target: Val) -> Val | None:
    """The scaling that a target went through, ``None`` when it is raw as far as it can be followed."""
    stack, seen = [target], set[int]()
    while stack and len(seen) < 60:
        one = f.core(stack.pop())
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.name in ("fit_transform", "transform") or one.name in _LOGS:
            return one
        elif one.name == "div" and len(one.args) == 2:
            top, bottom = f.core(one.args[0]), f.core(one.args[1])
            if top.name == "sub" and any(f.core(a).name in ("mean", "min", "amin", "median") for a in top.args):
                return one
            if bottom.name in ("max", "std", "amax") or (bottom.kind == "const" and _large(bottom.const)):
                return one
            return None
        elif one.name in _PASS and one.args:
            stack.append(one.args[0])
    return None


def raw(goal: Val, truth: Val) -> bool:
    """Whether a target can be followed, unchanged, down to data that nothing has scaled before."""
    made = {id(v) for v in ancestors(goal, limit=600)}
    scaled = {id(v) for v in ancestors(truth, limit=600) if v.name == "div" or v.name in _LOGS}
    stack, seen = [truth], set[int]()
    while stack and len(seen) < 80:
        one = f.core(stack.pop())
        if id(one) in seen or one.kind in ("const", "number"):
            continue
        seen.add(id(one))
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.name in _PASS and one.args:
            stack.append(one.args[0])
        elif one.args and id(one) not in made and scaled:
            return False  # something else on the way, and a division behind it
        elif one.kind in ("method", "func", "class"):
            return False
    return True


def _large(number: object) -> bool:
    return isinstance(number, (int, float)) and abs(number) >= 10


def kin(goal: Val, truth: Val) -> bool:
    """Whether two targets come from one column of data."""
    a = {id(v) for v in _bases(goal)}
    b = {id(v) for v in _bases(truth)}
    return bool(a & b) or _names(goal) == _names(truth) != set()


def _bases(val: Val) -> Iterator[Val]:
    for one in ancestors(val, limit=200):
        if one.kind in ("tensor", "unknown", "tuple") and one.name not in ("batch", "element", "part"):
            if one.kind == "tensor" and one.name in ("randperm", "index", "mean", "std", "permutation"):
                continue
            yield one


def _names(val: Val) -> set[str]:
    """The target's stem among the names on the way: ``y`` of ``y_train`` and ``y_test``."""
    found: set[str] = set()
    for one in ancestors(val, limit=40):
        head = one.var.lower().split("_")[0]
        if head in ("y", "target", "targets", "price", "prices", "label") or (
            head[:1] == "y" and head[1:] in ("train", "test", "val", "tr", "te", "va")
        ):
            found.add("y")
    return found


def fits_inputs(p: Program, scaler: Val) -> bool:
    """Whether a scaler was fitted on the inputs of a model and on nothing else."""
    fitted = [e.result or e.args[0] for e in p.all("fit") if e.recv is scaler and e.args]
    fed = {id(v) for e in training.forwards(p) for a in e.args for v in ancestors(a, limit=200)}
    goals = {id(v) for e in p.all("loss") for a in e.args[1:2] for v in ancestors(a, limit=200)}
    return bool(fitted) and all(id(v) in fed and id(v) not in goals for v in fitted)


def fits_inputs_too(guess: Val) -> bool:
    """Whether the model rebuilds its inputs or forecasts them, so that their scaler is right."""
    layer = output_layer(guess)
    return layer is None or layer.number(1, "out_features") is None or layer.number(1, "out_features") != 1

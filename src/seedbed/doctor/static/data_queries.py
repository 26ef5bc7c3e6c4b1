"""Questions about data: loaders and their roles, splits, overlaps, scaling, shuffling."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import LoopRun, Program
from seedbed.doctor.static.rounds import base_of_loop, split_of_val
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors, origins


def training_loaders(p: Program) -> list[tuple[Val, LoopRun]]:
    """Loaders whose batches are trained on, each once, with the loop over them."""
    if "training_loaders" not in p.cache:
        found: dict[int, tuple[Val, LoopRun]] = {}
        for event in p.all("backward"):
            for loop in event.loops:
                if event.recv is not None and attacks_only(p, event.recv, loop):
                    continue
                over = base_of_loop(loop)
                for one in over.options() if over is not None else []:
                    if one.kind == "loader":
                        found.setdefault(id(one.node), (one, loop))
                if loop.over is not None and loop.over.name == "zip":
                    for part in loop.over.args:
                        for one in part.options():
                            if one.kind == "loader":
                                found.setdefault(id(one.node), (one, loop))
        p.cache["training_loaders"] = list(found.values())
    table: list[tuple[Val, LoopRun]] = p.cache["training_loaders"]
    return table


def attacks_only(p: Program, made: Val, loop: LoopRun) -> bool:
    """Whether a loop without any step asks for the gradient of inputs that ``made`` is made of: a measured attack."""
    steps = p.all("step", "scaler_step")
    if not steps or any(s.inside(loop) for s in steps):
        return False
    read = {id(v.args[0]) for v in p.anywhere("grad") if v.kind == "tensor" and v.args and is_input(v.args[0])}
    return bool(read) and any(id(v) in read for v in ancestors(made))


def is_input(val: Val) -> bool:
    """Whether a value is a tensor of data: not a parameter, nor something that may be one."""
    vague = () if "leaf" in val.tags else ("unknown", "method")
    return val.kind == "tensor" and not any(
        v.kind in ("params", *vague) or v.name in ("Parameter", "parameter", "parameters", "weight")
        for v in ancestors(val, frozenset(("requires_grad_", "clone", "detach", "add", "clamp")), limit=40)
    )


def carries_state(p: Program, loop: LoopRun) -> bool:
    """Whether something recurrent goes from batch to batch, so that order matters."""
    for event in p.all("forward"):
        if event.inside(loop) and len(event.args) > 1 and any(event.rounds):  # noqa: SIM102
            if any(v.name in ("state", "part") for a in event.args[1:] for v in ancestors(a, limit=60)):
                return True
    return False


def shuffled_source(data: Val) -> bool:
    """Whether the data was put in random order before."""
    for val in ancestors(data, limit=200):
        if val.name in (
            "randperm",
            "np_permutation",
            "permutation",
            "train_test_split",
            "random_split",
            "shuffle",
        ):
            return True
    return False


def split_data(p: Program) -> list[Val]:
    """Whole tensors (or data sets) that are cut into training and evaluation parts."""
    if "split_data" in p.cache:
        cached: list[Val] = p.cache["split_data"]
        return cached
    found: dict[int, Val] = {}
    heads: dict[int, Val] = {}
    tails: set[int] = set()
    splits = p.calls("train_test_split", "random_split")
    for event in sorted([*splits, *p.all("getitem")], key=lambda e: e.seq):
        if event.kind == "call" and event.name.rsplit(".", 1)[-1] in ("train_test_split", "random_split"):
            for one in event.args:
                if one.kind in ("tensor", "unknown", "dataset", "part"):
                    found.setdefault(id(one), one)
        elif event.kind == "getitem" and event.recv is not None and event.args and not event.loops:
            keys = event.args[0].items if event.args[0].kind == "tuple" and event.args[0].items else [event.args[0]]
            key, table = keys[0], _table_of(event.recv)
            if key.kind == "slice" and key.args[0].is_none and not key.args[1].is_none:
                heads[id(table)] = table
            elif key.kind == "slice" and not key.args[0].is_none:
                tails.add(id(table))
            elif key.kind in ("tensor", "unknown", "iter") and (is_index_split(key) or (key.var and split_of(key.var))):
                found.setdefault(id(table), table)
    for key_id, val in heads.items():
        if key_id in tails and val.name != "shape":
            found.setdefault(key_id, val)
    p.cache["split_data"] = [v for v in found.values() if v.kind in ("tensor", "unknown", "dataset")]
    result: list[Val] = p.cache["split_data"]
    return result


def _table_of(val: Val) -> Val:
    """The table behind ``table.iloc`` and ``table.loc``."""
    return val.args[0] if val.kind == "method" and val.name in ("iloc", "loc", "values") and val.args else val


def is_index_split(key: Val) -> bool:
    """Whether an index is one part of a permutation."""
    return any(
        v.name == "getitem" and v.args and v.args[0].name in ("randperm", "np_permutation")
        for v in ancestors(key, limit=12)
    )


def is_split(val: Val | None) -> bool:
    """Whether data is already one part of a split."""
    if val is None:
        return False
    for one in ancestors(val, limit=120):
        if one.name in ("train_test_split", "random_split"):
            return True
        if one.name == "getitem" and len(one.args) > 1:
            key = one.args[1].items[0] if one.args[1].kind == "tuple" and one.args[1].items else one.args[1]
            if (key.kind == "slice" and not (key.args[0].is_none and key.args[1].is_none)) or is_index_split(key):
                return True
            if key.var and split_of(key.var):
                return True
    return bool(split_of(val.var)) if val.var else False


def is_index(val: Val) -> bool:
    """Whether values are positions, not quantities."""
    return val.name in ("argmax", "argsort")


def per_sample(val: Val) -> bool:
    """Whether a statistic is taken within each sample (over the last axes), not over the samples."""
    dim = val.kwargs.get("dim", val.kwargs.get("axis", val.args[1] if len(val.args) > 1 else None))
    if dim is None:
        return False
    if dim.kind == "const":
        return dim.const not in (0, None)
    if dim.items:
        return 0 not in [i.const for i in dim.items]
    return True


def is_target_like(val: Val, p: Program) -> bool:
    """Whether data is only ever used as a target."""
    return bool(val.var) and val.var.lower() in ("y", "ys", "target", "targets", "labels")


def held_out(val: Val, p: Program) -> bool:
    """Whether data is a validation or test part."""
    return split_of_val(val) in ("val", "test") or any(split_of_val(o) in ("val", "test") for o in origins(val))


# Steps that leave the scale of data as it is, and those that make or read data.
_PLAIN = frozenset(
    (
        "getitem",
        "batch",
        "element",
        "part",
        "sub",
        "div",
        "tensor",
        "as_tensor",
        "from_numpy",
        "train_test_split",
        "randn",
        "rand",
        "linspace",
        "cat",
        "stack",
        "add",
        "mul",
        "phi",
        "uniform",
        "normal",
        "np_randn",
        "np_normal",
        "np_uniform",
        "np_rand",
        "astype",
        "randint",
        "np_randint",
        "loadtxt",
        "genfromtxt",
        "load",
        "read_csv",
        "read_parquet",
        "array",
        "asarray",
        "to_numpy",
        "drop",
    )
)


def scaling(val: Val) -> str | None:
    """How an input is scaled on its way to the model: ``""`` for raw, ``None`` when unknown."""
    steps: list[str] = []
    for one in chain_all(val):
        if one.kind == "unknown" and one.name not in ("getitem", "part", "element", "sample", "list") and one.args:
            return None
        if one.name in ("fit_transform", "transform"):
            return "a fitted scaler"
        if one.name == "normalize":
            return "normalize()"
        if one.name == "forward" and "opaque" in one.tags:
            return None
        if one.kind in ("list", "tuple") and one.items:  # put together from parts that may be scaled
            parts = [how for part in one.items[:8] if part is not val and (how := scaling(part))]
            if parts:
                return parts[0]
        if one.name == "div" and len(one.args) == 2:
            if one.args[1].const in (255, 255.0):
                return "divided by 255"
            if one.args[0].name == "sub":
                return "mean and deviation"
            steps.append("div")
        if one.name in ("matmul", "einsum", "mm") and _whitens(one):
            return "whitened"
        if one.name in ("batch",) and "opaque" in one.tags:
            return None
        if one.name not in TRANSPARENT and one.name not in _PLAIN and one.kind == "tensor":
            return None if one.args else ""
    return ""


def _whitens(product: Val) -> bool:
    """Whether a product takes off a mean and turns by a matrix that were worked out from the same data."""
    args = [a for a in product.args if a.kind != "const"]
    if len(args) != 2 or args[0].name != "sub" or len(args[0].args) != 2:
        return False
    mean = args[0].args[1]
    source = mean.args[0] if mean.name == "mean" and mean.args else None
    return source is not None and any(v is source for v in ancestors(args[1], limit=80))


def chain_all(val: Val) -> list[Val]:
    """``val`` and its main inputs down to where the data comes from (also behind loaders)."""
    found: list[Val] = []
    stack, seen = [val], set[int]()
    while stack and len(found) < 80:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        found.append(one)
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.name in ("add", "mul") and one.args:
            stack.extend(a for a in one.args if a.kind == "tensor")
        elif one.args and one.args[0].name not in ("len", "shape", "size", "numel"):
            stack.append(one.args[0])  # a size says how much is made, not from what
    return found


def known_source(val: Val) -> bool:
    """Whether data can be followed to where it is made or passed in."""
    last = chain_all(val)[-1]
    bundled = last.kind == "object" and last.name.startswith(("load_", "fetch_", "make_"))
    return (bundled or last.kind in ("tensor", "unknown", "const", "list")) and last.name not in ("forward",)


def draws_random(node: ast.AST) -> bool:
    """Whether an expression draws a random number."""
    return any(isinstance(n, ast.Call) and is_draw(n) for n in syntax.walk(node))


def is_draw(call: ast.Call) -> bool:
    """Whether this call itself, not one in its arguments, draws a random number."""
    text = syntax.text(call.func)
    if text.startswith(("random.", "np.random", "numpy.random", "torch.rand", "torch.bernoulli", "rng.", "self.rng")):
        return True
    return text in ("randint", "uniform", "choice", "rand", "randn", "randrange")


def shuffle_of(val: Val) -> Val | None:
    """The random permutation that data was indexed with, if any."""
    for one in chain_all(val):
        if one.name == "getitem" and len(one.args) > 1:
            key = one.args[1].items[0] if one.args[1].kind == "tuple" and one.args[1].items else one.args[1]
            for index in [key, *chain_all(key)]:
                if (
                    index.name in ("randperm", "np_permutation", "randint", "np_choice", "np_randint")
                    and index.kind == "tensor"
                ):
                    return index
    return None


def loss_origins_base(val: Val) -> Iterator[Val]:
    """Where the rows of a tensor come from: indexing and noise are seen through."""
    for one in origins(val):
        if one.name == "getitem" and one.args:
            yield one.args[0]
        else:
            yield one

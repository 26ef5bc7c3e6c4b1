"""Shapes of the results of tensor operations."""

from __future__ import annotations

from collections.abc import Callable

from seedbed.doctor.static import shapes
from seedbed.doctor.static.values import Shape, Val

CREATORS = frozenset(
    [
        "randn",
        "rand",
        "zeros",
        "ones",
        "empty",
        "full",
        "randint",
        "integers",
        "random",
        "normal",
        "uniform",
        "random_sample",
        "standard_normal",
        "choice",
        "permutation",
        "beta",
        "gamma",
        "exponential",
        "poisson",
        "lognormal",
        "binomial",
        "standard_t",
        "rayleigh",
        "chisquare",
        "geometric",
        "laplace",
        "logistic",
        "gumbel",
        "vonmises",
    ]
)


LIKE = frozenset(["randn_like", "rand_like", "zeros_like", "ones_like", "full_like", "empty_like"])


REDUCE = frozenset(
    ["sum", "mean", "std", "var", "prod", "amax", "amin", "any", "all", "logsumexp", "norm", "argmax", "argmin",
     "nansum", "nanmean", "median", "max", "min"]
)  # fmt: skip


SAME = frozenset(
    [
        "relu",
        "leaky_relu",
        "gelu",
        "elu",
        "selu",
        "silu",
        "sigmoid",
        "tanh",
        "softplus",
        "softmax",
        "log_softmax",
        "log_sigmoid",
        "logsigmoid",
        "exp",
        "log",
        "log2",
        "log10",
        "log1p",
        "sqrt",
        "abs",
        "clamp",
        "clip",
        "pow",
        "square",
        "sin",
        "cos",
        "neg",
        "float",
        "double",
        "half",
        "long",
        "int",
        "bool",
        "to",
        "cuda",
        "cpu",
        "detach",
        "clone",
        "contiguous",
        "dropout",
        "numpy",
        "round",
        "floor",
        "ceil",
        "sign",
        "masked_fill",
        "type",
        "layer_norm",
        "normalize",
        "cumsum",
        "expm1",
        "rsqrt",
        "erf",
        "asarray",
        "as_tensor",
        "from_numpy",
        "requires_grad_",
        "type_as",
        "add",
        "sub",
        "mul",
        "div",
        "true_divide",
        "nan_to_num",
        "sort",
        "flip",
        "roll",
        "data",
        "astype",
        "bfloat16",
        "scaled",
        "rsub",
        "sigmoid_",
        "relu_",
        "triu",
        "tril",
        "standardize",
        "where_",
        "ravel_",
        "hardtanh",
        "mish",
        "dropout_",
        "clamp_min",
        "clamp_max",
        "erfinv",
        "logit",
        "reciprocal",
        "masked_fill_",
        "zero_",
        "fill_",
        "mul_",
        "add_",
        "sub_",
        "div_",
        "clamp_",
        "copy_",
        "identity",
        "Variable",
        "digitize",
        "bucketize",
        "argsort",
        "mod",
        "remainder",
        "lerp",
    ]
)


_RESIZED = frozenset(["resize_", "resize_as_", "set_", "as_strided_", "swapdims_", "unflatten_", "apply_"])


def in_place(name: str) -> bool:
    """Whether a method works on the tensor itself, which then keeps its shape but for a change of layout."""
    return name.endswith("_") and not name.endswith("__")


def laid_out(name: str) -> bool:
    """Whether a method gives the tensor itself another shape: ``x.unsqueeze_(1)``."""
    return in_place(name) and (name[:-1] in _LAYOUT or name in _RESIZED)


_TYPED = frozenset(("Tensor", "FloatTensor", "LongTensor", "DoubleTensor", "IntTensor", "BoolTensor", "ByteTensor"))
_GENERATORS = ("RandomState", "default_rng", "Generator", "manual_seed")


def dim_of(args: tuple[Val, ...], kwargs: dict[str, Val], index: int = 1, default: object = None) -> object:
    """The constant ``dim`` argument, ``default`` when absent, ``"?"`` when unknown."""
    val = kwargs.get("dim", kwargs.get("axis", args[index] if len(args) > index else None))
    if val is None:
        return default
    if val.kind == "const":
        return val.const
    if val.items is not None and all(i.kind == "const" for i in val.items):
        return tuple(i.const for i in val.items)
    return "?"


def shape_of(name: str, first: Val | None, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Shape | None:
    """The shape of the result, ``None`` when unknown."""
    if name in CREATORS:
        own = args[1:] if first is not None and first.name.endswith(_GENERATORS) else args
        return _created(name, own, kwargs)
    if first is None:
        return None
    shape = first.shape
    if name in SAME or name in LIKE or (in_place(name) and name[:-1] not in _LAYOUT and name not in _RESIZED):
        others = [a.shape for a in args[1:2] if a.kind == "tensor"]
        if name in ("add", "sub", "mul", "div", "mod", "remainder", "lerp") and others:
            return shapes.broadcast(shape, others[0])
        return shape
    if name in REDUCE:
        dim = dim_of(args, kwargs, 2 if name == "norm" else 1)
        keep = kwargs.get("keepdim", kwargs.get("keepdims", args[2] if len(args) > 2 and name != "norm" else None))
        return None if dim == "?" else shapes.reduced(shape, dim, keep is not None and keep.const is True)
    if name.removesuffix("_") in _LAYOUT:
        return _LAYOUT[name.removesuffix("_")](shape, args, kwargs)
    if name in ("matmul", "mm", "bmm", "dot", "__matmul__"):
        return shapes.matmul(shape, args[1].shape) if len(args) > 1 else None
    if name in ("linspace", "arange", "randperm", "logspace"):
        if name in ("arange", "randperm") and len(args) == 1:
            return (shapes.rows(args[0]),)
        count = args[2].const if name == "linspace" and len(args) > 2 else args[0].const if len(args) == 1 else None
        return (count if isinstance(count, int) else None,)
    if name in ("eye",):
        return (None, None)
    if name in ("tensor", "array") or (name in _TYPED and first.kind != "const"):
        return _literal(first)
    if name == "where" and len(args) == 3:
        plain = [a.shape for a in args if a.kind != "const"]
        return plain[0] if len(plain) == 1 else shapes.broadcast(args[1].shape, args[2].shape)
    if name in ("stack", "cat", "concatenate", "concat", "vstack", "hstack", "column_stack"):
        return _joined(name, first, dim_of(args, kwargs, 1, 0))
    if name == "one_hot":
        count = kwargs.get("num_classes", args[1] if len(args) > 1 else None)
        return None if shape is None else (*shape, count.const if count is not None and count.kind == "const" else None)
    if name == "scaled_dot_product_attention" and len(args) > 2:
        value = args[2].shape
        return None if shape is None or not value else (*shape[:-1], value[-1])
    if name == "pad":
        return shapes.padded(shape, args[1]) if len(args) > 1 else None
    if name in ("index_select", "take_along_dim", "gather"):
        return args[2].shape if name == "gather" and len(args) > 2 else None
    return None


def _created(name: str, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Shape | None:
    size = kwargs.get("size", kwargs.get("shape"))
    if size is not None:
        return (size.const,) if size.kind == "const" and isinstance(size.const, int) else shapes.sizes((size,))
    if name == "full":
        return shapes.sizes(args[:1])
    if name in _DRAWN:
        place = _DRAWN[name]
        number = len(args) > place and args[place].kind in ("const", "number") and not args[place].is_none
        whole = bool(args) and (args[-1].kind in ("tuple", "list") or args[-1].name == "shape")
        last = args[-1] if whole else args[place] if number else None
        return shapes.sizes((last,)) if last is not None else None
    return shapes.sizes(args) if args else ()


# Draws of numpy, each with the place of its size among the arguments.
_DRAWN = {
    **dict.fromkeys(("random", "standard_normal"), 0),
    **dict.fromkeys(("choice", "exponential", "poisson", "standard_t", "rayleigh", "chisquare", "geometric"), 1),
    **dict.fromkeys(("randint", "integers", "normal", "uniform", "gamma", "beta", "lognormal", "laplace"), 2),
    **dict.fromkeys(("binomial", "logistic", "gumbel", "vonmises"), 2),
    "permutation": 9,
}


def _literal(val: Val) -> Shape | None:
    if val.kind in ("list", "tuple") and val.items is not None and not val.tags & {"each", "repeat"}:
        inner = _literal(val.items[0]) if val.items else ()
        return None if inner is None else (len(val.items), *inner)
    if val.kind == "const":
        return ()
    if val.kind in ("list", "iter") and val.items:
        inner = _literal(val.items[0])
        return None if inner is None else (None, *inner)
    if val.kind == "number":
        return ()
    return val.shape


def _joined(name: str, first: Val, dim: object) -> Shape | None:
    if not first.items or first.items[0].shape is None:
        return None
    one = first.items[0].shape
    if name == "column_stack" and len(one) == 1:
        return (one[0], None if first.tags & {"each", "repeat"} else len(first.items))
    if name == "stack":
        made = shapes.unsqueezed(one, dim)
        at = shapes.axis(dim, len(one) + 1)
        count = None if "each" in first.tags else len(first.items)
        return None if made is None or at is None else (*made[:at], count, *made[at + 1 :])
    at = shapes.axis(1 if name == "column_stack" else dim, len(one))
    if at is None:
        return None
    total: int | None = 0
    for item in first.items:
        size = item.shape[at] if item.shape and len(item.shape) == len(one) else None
        total = None if total is None or size is None else total + size
    return (*one[:at], None if first.tags & {"each", "repeat"} else total, *one[at + 1 :])


def _view(shape: Shape | None, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Shape | None:
    return shapes.viewed(shape, shapes.sizes(args[1:]))


def _squeeze(shape: Shape | None, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Shape | None:
    dim = dim_of(args, kwargs)
    return shapes.squeezed(shape, dim, dim is not None)


def _transpose(shape: Shape | None, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Shape | None:
    if shape is None or len(args) < 3:
        return None
    a, b = shapes.axis(args[1].const, len(shape)), shapes.axis(args[2].const, len(shape))
    if a is None or b is None:
        return None
    out = list(shape)
    out[a], out[b] = out[b], out[a]
    return tuple(out)


def _permute(shape: Shape | None, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Shape | None:
    order = args[1].items if len(args) == 2 and args[1].items is not None else list(args[1:])
    if shape is None or len(order) != len(shape):
        return None
    axes = [shapes.axis(o.const, len(shape)) for o in order]
    return None if None in axes else tuple(shape[a] for a in axes if a is not None)


def _t(shape: Shape | None, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Shape | None:
    return shape[::-1] if shape is not None else None


def _expand(shape: Shape | None, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Shape | None:
    wanted = shapes.sizes(args[1:])
    if wanted is None or shape is None:
        return wanted if wanted is not None and -1 not in wanted else None
    lead = len(wanted) - len(shape)
    return tuple(shape[i - lead] if w == -1 and i >= lead else w for i, w in enumerate(wanted))


def _flatten(shape: Shape | None, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Shape | None:
    start = kwargs.get("start_dim", args[1] if len(args) > 1 else None)
    end = kwargs.get("end_dim", args[2] if len(args) > 2 else None)
    return shapes.flattened(shape, 0 if start is None else start.const, -1 if end is None else end.const)


def _unsqueeze(shape: Shape | None, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Shape | None:
    return shapes.unsqueezed(shape, dim_of(args, kwargs))


_LAYOUT: dict[str, Callable[[Shape | None, tuple[Val, ...], dict[str, Val]], Shape | None]] = {
    "view": _view,
    "reshape": _view,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "expand_dims": _unsqueeze,
    "transpose": _transpose,
    "swapaxes": _transpose,
    "permute": _permute,
    "t": _t,
    "expand": _expand,
    "flatten": _flatten,
    "ravel": lambda shape, args, kwargs: shapes.flattened(shape, 0),
}


def unreduced(name: str, args: tuple[Val, ...]) -> Shape | None:
    """The shape of a loss per element (or, for classes, per sample)."""
    if len(args) < 2:
        return None
    if name in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss", "PoissonNLLLoss"):
        return shapes.broadcast(args[0].shape, args[1].shape)
    if name in ("CrossEntropyLoss", "NLLLoss") and args[0].shape is not None and len(args[0].shape) == 2:
        return args[0].shape[:1]
    return None


def of_distribution(dist: Val) -> Shape | None:
    """The shape of one sample of a distribution of ``torch.distributions``."""
    given = next((v for v in dist.inputs() if v.shape is not None), None)
    if given is None or given.shape is None:
        return None
    if dist.name in ("Categorical", "OneHotCategorical"):
        return given.shape[:-1] if dist.name == "Categorical" else given.shape
    return given.shape if dist.name in ("Bernoulli", "Normal", "Uniform", "Beta", "Exponential", "Poisson") else None

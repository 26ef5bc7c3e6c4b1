"""Layers of ``torch.nn``: how they are built, and what they do to a value."""

from __future__ import annotations

import ast

from seedbed.doctor.static import building, shapes
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Shape, Val

ACTIVATIONS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ReLU6": "relu6",
    "ELU": "elu",
    "SELU": "selu",
    "CELU": "celu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Mish": "mish",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Hardsigmoid": "hardsigmoid",
    "Hardtanh": "hardtanh",
    "Hardswish": "hardswish",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Softmax": "softmax",
    "Softmax2d": "softmax",
    "LogSoftmax": "log_softmax",
    "LogSigmoid": "logsigmoid",
    "Softmin": "softmin",
    "Dropout": "dropout",
    "Dropout1d": "dropout",
    "Dropout2d": "dropout",
    "Dropout3d": "dropout",
    "AlphaDropout": "dropout",
    "Identity": "identity",
}
_LAID_OUT = frozenset(
    ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell", "Transformer", "TransformerEncoder", "TransformerDecoder",
     "TransformerEncoderLayer", "TransformerDecoderLayer", "MultiheadAttention")
)  # fmt: skip


def own_name(name: str, bases: list[str]) -> str:
    """What an instance of a class of the program is called: not as the library's layer that it is named after.

    Where the batch is in its input, and what its arguments mean, is for its own code to say.
    """
    plain = name in _LAID_OUT and not any(b.rsplit(".", 1)[-1] == name for b in bases)
    return f"own {name}" if plain else name


_SAME = ("Norm", "Dropout")
_RECURRENT = ("RNN", "LSTM", "GRU")


_CONTRACTS = {
    "CrossEntropyLoss": "classes",
    "cross_entropy": "classes",
    "NLLLoss": "log classes",
    "nll_loss": "log classes",
    "BCELoss": "probability",
    "binary_cross_entropy": "probability",
    "BCEWithLogitsLoss": "logit",
    "binary_cross_entropy_with_logits": "logit",
    "MSELoss": "number",
    "mse_loss": "number",
    "L1Loss": "number",
    "l1_loss": "number",
    "SmoothL1Loss": "number",
    "smooth_l1_loss": "number",
    "HuberLoss": "number",
    "huber_loss": "number",
    "PoissonNLLLoss": "rate",
    "poisson_nll_loss": "rate",
    "KLDivLoss": "distribution",
    "kl_div": "distribution",
}


def contract(val: Val) -> str:
    """What a loss of the library expects of its inputs, in a word; ``""`` for anything else."""
    return _CONTRACTS.get(val.name.rsplit(".", 1)[-1], "") if val.kind in ("module", "lib") else ""


def make(run: Machine, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """Build a layer or container."""
    val = Val("module", name, node, run.src)
    val.args, val.kwargs = args, dict(kwargs)
    val.loops = tuple(frame.node for frame in run.loops)
    if name in ACTIVATIONS and _under_condition(run):
        val.tags.add("guarded")
    run.keep.append(val)
    run.modes[id(val)] = "train"
    if name == "Sequential":
        val.items = _sequence(args)
    elif name in ("ModuleList", "ParameterList"):
        val.items = list(args[0].items or []) if args else []
        if args:
            val.tags |= args[0].tags & {"each", "repeat"}
            if args[0].kind in ("list", "iter", "tuple") and "repeat" in args[0].tags:
                run.emit("repeat", name, node, recv=args[0])
    elif name in ("ModuleDict", "ParameterDict") and args:
        val.attrs = building.named(args[0])
    elif name in ("DataParallel", "DistributedDataParallel") and args:
        return args[0]
    return val


def _under_condition(run: Machine) -> bool:
    """Whether a branch of this round or of this function decides, by something unknown, if a layer is made."""
    if not run.conds:
        return False
    if run.loops and len(run.conds) > len(run.loops[-1].conds):
        return True
    func = run.funcs[-1].node if run.funcs else None
    low, high = (func.lineno, func.end_lineno or func.lineno) if func is not None else (0, 0)
    return any(low <= getattr(node, "lineno", 0) <= high for node, _, _ in run.conds)


def _sequence(args: tuple[Val, ...]) -> list[Val] | None:
    items: list[Val] = []
    for one in args:
        if one.kind == "dict":
            items.extend(one.attrs.values())
        elif one.kind == "unknown" and one.name == "star":
            return None
        else:
            items.append(one)
    return items


def cut(args: tuple[Val, ...]) -> bool:
    """Whether a loss is handed what a model gave under ``no_grad()``."""
    outputs = [o for a in args for o in a.options() if o.kind == "tensor" and o.owner is not None]
    return bool(outputs) and not any(a.grad for a in args)


def apply(run: Machine, module: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """Call a layer."""
    name = module.name
    first = args[0] if args else next(iter(kwargs.values()), None)
    op = ACTIVATIONS.get(name, name)
    if name in _RECURRENT:
        return _recurrent(run, module, node, args, kwargs)
    if name == "MultiheadAttention":
        made = Val("tuple", name, node, run.src)
        out = run.tensor("MultiheadAttention", node, *args, **kwargs)
        out.owner, out.grad, out.shape = module, run.grads[-1], first.shape if first is not None else None
        made.items = [out, run.tensor("attention_weights", node, *args)]
        return made
    val = run.tensor(op, node, *args, **kwargs)
    val.owner = module
    if first is None:
        return val
    val.split = first.split
    has_weights = name not in ACTIVATIONS and name not in ("Flatten", "Unflatten", "ZeroPad2d") and "Pool" not in name
    val.grad = run.grads[-1] and (first.grad or has_weights)
    val.shape = _shape(module, first.shape)
    dim = module.arg(0, "dim")
    if op in ("softmax", "log_softmax", "softmin") and dim is not None:
        val.kwargs = {**val.kwargs, "dim": dim}
    return val


def _shape(module: Val, shape: Shape | None) -> Shape | None:
    name = module.name
    if name == "Linear" or name == "LazyLinear":
        out = module.number(1 if name == "Linear" else 0, "out_features")
        out = out if isinstance(out, int) else None
        return None if shape is None or not shape else (*shape[:-1], out)
    if name == "Embedding":
        width = module.number(1, "embedding_dim")
        return None if shape is None else (*shape, width if isinstance(width, int) else None)
    if name == "Bilinear":
        out = module.number(2, "out_features")
        return None if shape is None else (*shape[:-1], out if isinstance(out, int) else None)
    if name == "Flatten":
        start, end = module.arg(0, "start_dim"), module.arg(1, "end_dim")
        return shapes.flattened(shape, 1 if start is None else start.const, -1 if end is None else end.const)
    if name == "Unflatten":
        at, parts = module.arg(0, "dim"), module.arg(1, "unflattened_size")
        axis = shapes.axis(at.const, len(shape)) if shape is not None and at is not None else None
        sizes = shapes.sizes((parts,)) if parts is not None and parts.items else None
        return None if shape is None or axis is None or sizes is None else (*shape[:axis], *sizes, *shape[axis + 1 :])
    if name.startswith(("Conv", "LazyConv")) and shape is not None and len(shape) >= 3:
        out = module.number(1, "out_channels")
        return (shape[0], out if isinstance(out, int) else None, *([None] * (len(shape) - 2)))
    if name.startswith("AdaptiveAvgPool") and shape is not None and len(shape) >= 3:
        size = module.number(0, "output_size")
        return (*shape[:2], *([size if isinstance(size, int) else None] * (len(shape) - 2)))
    if "Pool" in name and shape is not None and len(shape) >= 3:
        return (*shape[:2], *([None] * (len(shape) - 2)))
    if name in ACTIVATIONS or name.endswith("Norm") or name.startswith("BatchNorm") or "Norm" in name:
        return shape
    if name.startswith(("TransformerEncoder", "TransformerDecoder")):
        return shape
    return None


def _recurrent(run: Machine, module: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    first = args[0] if args else None
    made = Val("tuple", module.name, node, run.src)
    hidden = module.number(1, "hidden_size")
    both = module.kwargs.get("bidirectional")
    width = hidden * (2 if both is not None and both.const is True else 1) if isinstance(hidden, int) else None
    out = run.tensor("recurrent", node, *args)
    out.owner, out.grad = module, run.grads[-1]
    if first is not None and first.shape is not None and len(first.shape) == 3:
        out.shape = (*first.shape[:2], width)
    batched = module.kwargs.get("batch_first")  # who sets it, gives batches
    if out.shape is None and batched is not None and batched.const is True and (first is None or first.shape is None):
        packed = first is not None and first.name == "pack_padded_sequence"
        out.shape = None if packed else (None, None, width)
    state = run.tensor("state", node, *args)
    state.owner, state.grad = module, run.grads[-1]
    if out.shape is not None or (first is not None and first.name == "pack_padded_sequence"):
        state.shape = (None, None, hidden if isinstance(hidden, int) else None)
    if module.name == "LSTM":
        cell = run.tensor("state", node, *args)
        cell.owner, cell.grad = module, run.grads[-1]
        cell.tags.add("cell")
        cell.shape = state.shape
        pair = Val("tuple", "state", node, run.src)
        pair.items = [state, cell]
        made.items = [out, pair]
    else:
        made.items = [out, state]
    return made


def is_forward(func: Val) -> bool:
    """Whether it is ``model.forward``: called by hand it is a call of the model, not of its parts one by one."""
    module = func.args[0] if func.args else None
    if module is None or module.kind != "module" or getattr(func.owner, "name", "") != "forward":
        return False
    return hasattr(module.owner, "method") and module.owner.method("forward") is func.owner

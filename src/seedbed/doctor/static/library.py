"""What library calls mean: layers, losses, optimizers, schedules, loaders, random numbers, functions."""

from __future__ import annotations

import ast

from seedbed.doctor.static import builtin_calls, callers, layers, named_tuples, naming, numbers, op_shapes, ops, shapes
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, const, unknown

LOSSES = {
    "cross_entropy": "CrossEntropyLoss",
    "nll_loss": "NLLLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "kl_div": "KLDivLoss",
    "cosine_embedding_loss": "CosineEmbeddingLoss",
    "triplet_margin_loss": "TripletMarginLoss",
    "margin_ranking_loss": "MarginRankingLoss",
    "hinge_embedding_loss": "HingeEmbeddingLoss",
    "multi_margin_loss": "MultiMarginLoss",
    "multilabel_soft_margin_loss": "MultiLabelSoftMarginLoss",
    "poisson_nll_loss": "PoissonNLLLoss",
    "gaussian_nll_loss": "GaussianNLLLoss",
    "ctc_loss": "CTCLoss",
    "soft_margin_loss": "SoftMarginLoss",
}


SCHEDULERS = frozenset(
    [
        "StepLR",
        "MultiStepLR",
        "ExponentialLR",
        "CosineAnnealingLR",
        "CosineAnnealingWarmRestarts",
        "OneCycleLR",
        "CyclicLR",
        "LambdaLR",
        "MultiplicativeLR",
        "ReduceLROnPlateau",
        "LinearLR",
        "ConstantLR",
        "PolynomialLR",
        "SequentialLR",
        "ChainedScheduler",
    ]
)


CONTEXTS = frozenset(["no_grad", "inference_mode", "enable_grad", "set_grad_enabled", "autocast"])


DATASETS = frozenset(
    [
        "TensorDataset",
        "Subset",
        "ConcatDataset",
        "MNIST",
        "FashionMNIST",
        "CIFAR10",
        "CIFAR100",
        "ImageFolder",
        "ImageNet",
        "SVHN",
        "KMNIST",
        "EMNIST",
        "STL10",
        "DatasetFolder",
        "FakeData",
        "Food101",
        "VOCDetection",
        "VOCSegmentation",
        "CocoDetection",
    ]
)
_WRAPPERS = ("compile", "DataParallel", "DistributedDataParallel", "script", "convert_sync_batchnorm")
_TABLES = frozenset(["make_classification", "make_regression", "make_moons", "make_circles", "make_blobs"])


def call(run: Machine, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """Call the library thing ``name``; every such call is an event."""
    result = callers.library(run, name, node, args, kwargs) or _call(run, name, node, args, kwargs)
    if result.loops == () and run.loops:
        result.loops = tuple(frame.node for frame in run.loops)
    run.emit("call", name, node, args=args, kwargs=kwargs, result=result)
    return result


def _call(run: Machine, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    root, _, _ = name.partition(".")
    last = name.rsplit(".", 1)[-1]
    if root in (
        "torch",
        "torchvision",
        "timm",
        "transformers",
        "apex",
        "torchtext",
        "torch_geometric",
        "lion_pytorch",
    ):
        return _torch(run, name, last, node, args, kwargs)
    if root == "builtins" or last in ("tqdm", "trange", "track"):
        return builtin_calls.builtin(run, last, node, args, kwargs)
    if (root == "math" or name in numbers.OF_ONE_NUMBER) and args and numbers.known(args):
        return numbers.mathematics(run, last, node, args)
    if root == "copy" and args:
        return _copy(run, last, node, args[0])
    if last == "train_test_split":
        return _train_test_split(run, node, args, kwargs)
    if last == "partial" and args:
        made = builtin_calls.library_value(run, "partial", "partial", node, args, kwargs)
        return made
    if root in ("numpy", "np", "pandas", "scipy", "jax", "cv2", "PIL"):
        made = ops.apply(run, last, node, args, kwargs)
        made.grad = False
        made.tags.add(root)
        if name.startswith(("numpy.random", "np.random")):
            made.name = f"np_{last}"
            if last in ("beta", "gamma", "uniform", "normal") and len(args) < 3 and "size" not in kwargs:
                made.shape = ()  # one number
        return made
    if last == "ArgumentParser":
        return builtin_calls.library_value(run, "parser", last, node, args, kwargs)
    if last == "field" and root == "dataclasses":
        made = builtin_calls.library_value(run, "unknown", "field", node, args, kwargs)
        return kwargs.get("default", made)
    if name in named_tuples.MAKERS and (cls := named_tuples.made(run, node, args, kwargs)) is not None:
        return cls
    if last in ("OrderedDict", "defaultdict", "Counter", "deque", "SimpleNamespace", "Namespace"):
        return _container(run, last, node, args, kwargs)
    if root == "sklearn" and (last in _TABLES or getattr(kwargs.get("return_X_y"), "const", None) is True):
        return _table_and_target(run, last, node, args, kwargs)
    if root in ("sklearn",) or last[:1].isupper():
        return builtin_calls.library_value(run, "object", last, node, args, kwargs)
    made = unknown(last, node, run.src, *args, *kwargs.values())
    made.split = next((a.split for a in args if a.split), "")
    return made


def _table_and_target(run: Machine, last: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """A data set of scikit-learn: a table with a row for each sample, and one target for each row."""
    made = Val("tuple", last, node, run.src)
    made.args, made.kwargs = args, kwargs
    made.items = []
    for name, shape in ((f"{last}_x", (None, None)), (f"{last}_y", (None,))):
        item = run.tensor(name, node)
        item.shape = None if "n_targets" in kwargs or "as_frame" in kwargs else shape
        made.items.append(item)
    return made


def _container(run: Machine, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    if name == "deque":
        made = builtin_calls.library_value(run, "list", name, node, (), {})
        made.items = list(args[0].items or []) if args else []
        made.tags.add("bounded") if len(args) > 1 or "maxlen" in kwargs else None
        return made
    kind = "instance" if name in ("SimpleNamespace", "Namespace") else "dict"
    made = builtin_calls.library_value(run, kind, name, node, args if name == "Counter" else (), {})
    made.attrs = dict(kwargs)
    if name == "OrderedDict" and args and args[0].items:
        for index, pair in enumerate(args[0].items):
            if pair.items and len(pair.items) == 2:
                key = pair.items[0].const
                made.attrs[str(key) if key is not None else str(index)] = pair.items[1]
    elif args and args[0].kind == "dict":
        made.attrs.update(args[0].attrs)
    if name == "defaultdict" and args:
        made.attrs["*"] = run.apply(args[0], node, (), {})
    return made


def _torch(run: Machine, name: str, last: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    if last in CONTEXTS:
        made = builtin_calls.library_value(run, "context", last, node, args, kwargs)
        if last == "set_grad_enabled":
            _set_grad(run, node, made)
        return made
    if ".lr_scheduler" in name or last in SCHEDULERS or "_schedule_with_warmup" in last:
        plan = builtin_calls.library_value(run, "scheduler", last, node, args, kwargs)
        if last in ("LambdaLR", "MultiplicativeLR"):
            numbers.factors(run, plan, node)
        return plan
    if last in ("GradScaler",):
        return builtin_calls.library_value(run, "scaler", last, node, args, kwargs)
    if name.startswith("torch.optim.swa_utils") or last == "AveragedModel":
        made = builtin_calls.library_value(run, "module", last, node, args, kwargs)
        if args and args[0].kind == "module" and last == "AveragedModel":
            made.attrs["module"] = _deep(run, node, args[0], {})
        return made
    if (name.startswith(("torch.optim", "timm.optim"))) and last[:1].isupper():
        made = builtin_calls.library_value(run, "optimizer", last, node, args, kwargs)
        made.loops = tuple(frame.node for frame in run.loops)
        return made
    rows = ".data" in name or last in DATASETS or name.startswith("torchvision.datasets")
    if rows and (made_data := _data(run, name, last, node, args, kwargs)) is not None:
        return made_data
    if name in ("torch.nn.Parameter", "torch.nn.parameter.Parameter"):
        made = run.tensor("Parameter", node, *args)
        made.grad = kwargs.get("requires_grad", const(True)).const is not False
        made.shape = args[0].shape if args else None
        return made
    if name.startswith("torch.nn.utils"):
        return _nn_utils(run, last, node, args, kwargs)
    if name.startswith("torch.nn.init"):
        if args:
            run.emit("init", last, node, recv=args[0], args=args, kwargs=kwargs)
        return args[0] if args else unknown(last, node, run.src)
    if name.startswith("torch.nn.functional") and last in LOSSES:
        return loss(run, LOSSES[last], node, args, kwargs, None)
    if name.startswith("torch.nn.") and last[:1].isupper():
        return layers.make(run, last, node, args, kwargs)
    return _torch_function(run, name, last, node, args, kwargs)


def _torch_function(
    run: Machine, name: str, last: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]
) -> Val:
    """Pretrained models, transforms, autograd, files, and every other operation."""
    if name.startswith("timm.") and last != "create_model" and not name.startswith("timm.models") and last.islower():
        return unknown(last, node, run.src, *args, *kwargs.values())
    if builtin_calls.is_network(name, last):
        made = builtin_calls.library_value(run, "module", last, node, args, kwargs)
        run.modes[id(made)] = "eval" if last == "from_pretrained" else "train"
        made.tags.update(("external", "layer") if name.startswith("torch_geometric") else ("external",))
        return made
    if name.startswith("torchvision.ops") and last.islower() and not last.endswith("nms"):
        return run.tensor(last, node, *args, **kwargs)  # overlaps and conversions of boxes: a gradient goes through
    if name.startswith(("torchvision.transforms", "torchvision.ops")):
        return _transform(run, last, node, args, kwargs)
    if name == "torch.autograd.grad":
        run.emit("backward", "grad", node, args=args[:1], kwargs=kwargs)
        return run.tensor("grads", node, *args)
    if name == "torch.autograd.backward":
        run.emit("backward", "backward", node, args=args, kwargs=kwargs)
        return const(None)
    if name == "torch.load":
        made = builtin_calls.library_value(run, "loaded", "load", node, args, kwargs)
        run.emit("load", "load", node, args=args, kwargs=kwargs, result=made)
        return made
    if name == "torch.save":
        run.emit("save", "save", node, args=args, kwargs=kwargs)
        return const(None)
    if last in _WRAPPERS and args and args[0].kind != "const":
        return args[0]
    if name.startswith("torch.distributions") and last[:1].isupper():
        made = builtin_calls.library_value(run, "distribution", last, node, args, kwargs)
        made.grad = any(v.grad for v in made.inputs())
        return made
    if last in ("vmap", "grad", "jacrev", "functional_call", "grad_and_value") and "func" in name:
        return unknown(last, node, run.src, *args)
    return ops.apply(run, last, node, args, kwargs)


def _set_grad(run: Machine, node: ast.AST, made: Val) -> None:
    """``torch.set_grad_enabled(flag)`` as a statement acts at once; ``with`` undoes it."""
    if isinstance(node, ast.Call) and getattr(node, "_statement", False):
        flag = made.number(0, "mode")
        if isinstance(flag, bool):
            run.grads[-1] = flag


def _transform(run: Machine, last: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    made = builtin_calls.library_value(run, "transform", last, node, args, kwargs)
    if last == "Compose" and args and args[0].items is not None:
        made.items = list(args[0].items)
    if last in ("to_tensor", "normalize", "resize"):
        made = run.tensor(last, node, *args)
    return made


def _nn_utils(run: Machine, last: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    if last.startswith("clip_grad"):
        run.emit("norm" if numbers.endless(args, kwargs) else "clip", last, node, args=args, kwargs=kwargs)
        return unknown("norm", node, run.src)
    if last in ("spectral_norm", "weight_norm") and args:
        return args[0]
    made = run.tensor(last, node, *args, **kwargs)
    return made


def _data(
    run: Machine, name: str, last: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]
) -> Val | None:
    if last == "DataLoader":
        made = builtin_calls.library_value(
            run, "loader", last, node, args or tuple(v for k, v in kwargs.items() if k == "dataset"), kwargs
        )
        if made.args:
            made.split = made.args[0].split
        return made
    if last == "random_split" and args:
        pair = Val("tuple", last, node, run.src)
        count = len(args[1].items) if len(args) > 1 and args[1].items else 2
        pair.items = []
        for index in range(count):
            part = builtin_calls.library_value(run, "dataset", last, node, (args[0],), {})
            part.place = index
            part.attrs["__call__"] = pair
            pair.items.append(part)
        pair.args, pair.kwargs = args, kwargs
        return pair
    if last.endswith("Sampler"):
        return builtin_calls.library_value(run, "sampler", last, node, args, kwargs)
    if last == "default_collate":
        return args[0] if args else unknown()
    if last in DATASETS or name.startswith("torchvision.datasets"):
        made = builtin_calls.library_value(run, "dataset", last, node, args, kwargs)
        train = kwargs.get("train", args[1] if len(args) > 1 and isinstance(args[1].const, bool) else None)
        if train is not None and isinstance(train.const, bool):
            made.split = "train" if train.const else "test"
        elif "split" in kwargs and isinstance(kwargs["split"].const, str):
            made.split = naming.split_of(kwargs["split"].const)
        elif args:
            made.split = args[0].split
        return made
    return None


def _train_test_split(run: Machine, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    made = Val("tuple", "train_test_split", node, run.src)
    made.items = []
    for one in args:
        again = all(o.name == "train_test_split" and o.split == "train" for o in one.options())
        for split in ("train", "val" if again else "test"):  # a second split cuts no test rows off
            part = run.tensor("train_test_split", node, one)
            part.shape = (None, *one.shape[1:]) if one.shape else None
            part.dtype, part.split = one.dtype, split
            part.kwargs = dict(kwargs)
            part.attrs["__call__"] = made
            made.items.append(part)
    made.args, made.kwargs = args, kwargs
    return made


def _copy(run: Machine, last: str, node: ast.AST, val: Val) -> Val:
    if last != "deepcopy":
        made = builtin_calls.library_value(run, val.kind, val.name, node, val.args, val.kwargs)
        made.attrs = dict(val.attrs) if val.kind in ("dataset", "instance") else val.attrs
        made.items, made.owner, made.copied, made.tags = val.items, val.owner, val, {*val.tags, "shallow"}
        run.modes[id(made)] = run.modes.get(id(val), "")
        return made
    return _deep(run, node, val, {})


def _deep(run: Machine, node: ast.AST, val: Val, memo: dict[int, Val]) -> Val:
    if id(val) in memo:
        return memo[id(val)]
    if val.kind in ("const", "func", "class", "lib", "loader", "dataset", "namespace") or len(memo) > 300:
        return val
    made = Val(val.kind, val.name, node, run.src)
    memo[id(val)] = made
    run.keep.append(made)
    made.args = tuple(_deep(run, node, o, memo) for o in val.args) if val.kind == "phi" else val.args
    made.kwargs, made.const, made.owner = val.kwargs, val.const, val.owner
    made.shape, made.dtype, made.split, made.grad = val.shape, val.dtype, val.split, val.grad
    made.tags, made.copied = {*val.tags, "deepcopy"}, val
    made.attrs = {k: _deep(run, node, v, memo) for k, v in val.attrs.items()}
    made.items = None if val.items is None else [_deep(run, node, v, memo) for v in val.items]
    run.modes[id(made)] = run.modes.get(id(val), "")
    return made


def loss(
    run: Machine, name: str, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val], module: Val | None
) -> Val:
    """The value of a loss from the library; the event carries its inputs."""
    made = run.tensor("loss", node, *args, **{k: v for k, v in kwargs.items() if k in ("input", "target", "weight")})
    made.owner = module
    made.tags.add(name)
    options = module.kwargs if module is not None else kwargs
    reduction = options.get("reduction")
    made.shape = op_shapes.unreduced(name, args) if reduction is not None and reduction.const == "none" else ()
    if reduction is not None and reduction.const is not None:
        made.tags.add(f"reduction={reduction.const}")
    elif getattr(options.get("reduce"), "const", None) is False:  # the arguments before reduction=
        made.tags.add("reduction=none")
        made.shape = None
    elif getattr(options.get("size_average"), "const", None) is False:
        made.tags.add("reduction=sum")
    shapes_ = [a.shape for a in args[:2]]
    run.emit("loss", name, node, recv=module, args=args, kwargs={**options, **kwargs}, result=made)
    if len(shapes_) == 2 and name in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"):  # noqa: SIM102
        if shapes.is_outer(shapes_[0], shapes_[1]):
            made.tags.add("outer")
            run.emit("broadcast", name, node, args=args[:2], result=made)
    return made


def layer(run: Machine, module: Val, node: ast.AST, args: tuple[Val, ...], kwargs: dict[str, Val]) -> Val:
    """Call a library layer or loss."""
    if module.name.endswith("Loss"):
        return loss(run, module.name, node, args, kwargs, module)
    return layers.apply(run, module, node, args, kwargs)

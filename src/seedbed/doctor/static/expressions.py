"""Expressions: names, attributes, items, operators, comprehensions. Calls are in ``calls``."""

from __future__ import annotations

import ast
import builtins
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seedbed.doctor.static import attributes, calls, naming, shapes
from seedbed.doctor.static.values import Val, const, join, unknown

if TYPE_CHECKING:
    from seedbed.doctor.static.interp import Class, Interp

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "In": lambda a, b: a in b,
    "NotIn": lambda a, b: a not in b,
}
_NAMES = {"Add": "add", "Sub": "sub", "Mult": "mul", "Div": "div", "FloorDiv": "floor_divide", "Mod": "mod"}
_NAMES |= {"Pow": "pow", "MatMult": "matmul", "BitAnd": "and", "BitOr": "or", "BitXor": "xor"}


def role(cls: Class) -> str:
    """What instances of a class are: module, dataset, iterable, autograd, lightning or instance."""
    for name in cls.lib_bases():
        last = name.rsplit(".", 1)[-1]
        if last in ("LightningModule", "LightningDataModule"):
            return "lightning"
        if last == "IterableDataset":
            return "iterable"
        if last == "Dataset" or last in ("TensorDataset", "ImageFolder", "Subset", "VisionDataset"):
            return "dataset"
        if name.startswith("torch.autograd") and last == "Function":
            return "autograd"
        if name.startswith("torch.optim"):
            return "optimizer_class"
        if last == "Module" or name.startswith(("torch.nn.", "torchvision.models", "transformers.")):
            return "module"
        if last.endswith(("Module", "PreTrainedModel")):
            return "module"
    return "instance"


def truth(val: Val) -> bool | None:
    """Whether a value is certainly true or false."""
    if val.kind == "const":
        return bool(val.const)
    if val.kind in ("module", "instance", "optimizer", "scheduler", "scaler", "loader", "func", "class"):
        return True
    return None


def _name(run: Interp, node: ast.Name) -> Val:
    val = run.scope.find(node.id)
    if val is not None:
        return val
    if node.id == "__name__":
        return const("__main__" if run.src is run.project.entry else run.src.name, node, run.src)
    if node.id in ("__file__", "__doc__"):
        return unknown(node.id, node, run.src)
    if hasattr(builtins, node.id):
        return Val("lib", f"builtins.{node.id}", node, run.src)
    made = unknown(node.id, node, run.src)
    made.var = node.id
    scope = run.scope
    while scope.outer is not None:
        scope = scope.outer
    scope.vars[node.id] = made  # the same free name is the same thing everywhere
    return made


def _constant(run: Interp, node: ast.Constant) -> Val:
    return const(node.value, node, run.src)


def _attribute(run: Interp, node: ast.Attribute) -> Val:
    return attributes.get(run, run.eval(node.value), node.attr, node)


def set_attribute(run: Interp, target: ast.Attribute, val: Val) -> None:
    """``obj.name = val``."""
    obj = run.eval(target.value)
    run.emit("attribute", target.attr, target, recv=obj, args=(val,))
    if target.attr == "data" and uses_gradient(val):
        run.emit("manual", "data", target, recv=obj, args=(val,))
    if target.attr == "grad" and val.is_none:
        run.emit("clear", "grad", target, recv=obj)
    if not val.var:
        val.var = target.attr
    for one in obj.options():
        if one.kind == "namespace":
            one.owner.vars[target.attr] = val
        else:
            old = one.attrs.get(target.attr)
            keep = run.conds and old is not None and not old.is_none
            one.attrs[target.attr] = join(old, val) if keep else val


def set_item(run: Interp, target: ast.Subscript, val: Val) -> None:
    """``obj[key] = val``."""
    obj = run.eval(target.value)
    key = run.eval(target.slice)
    run.emit("setitem", "", target, recv=obj, args=(key, val))
    if obj.kind == "dict" and key.kind == "const":
        obj.attrs[str(key.const)] = val
    elif obj.kind == "dict" or (obj.kind == "list" and key.kind != "const"):
        obj.attrs["*"] = join(obj.attrs.get("*"), val)
    elif obj.kind == "list" and obj.items is not None and isinstance(key.const, int):
        if -len(obj.items) <= key.const < len(obj.items):
            obj.items[key.const] = val
    elif obj.kind == "module" and obj.items is not None and key.kind == "const" and isinstance(key.const, int):
        if -len(obj.items) <= key.const < len(obj.items):
            run.emit("replace", str(key.const), target, recv=obj, args=(obj.items[key.const], val))
            obj.items[key.const] = val
    elif obj.kind == "tensor" and val.grad:
        obj.grad = True
        obj.args = (*obj.args, val)


def binary(run: Interp, node: Any, op: str, left: Val, right: Val) -> Val:
    """``left op right``."""
    if left.kind == "const" and right.kind == "const" and op in _ARITHMETIC:
        try:
            if not (op == "Pow" and abs(right.const) > 64):
                return const(_ARITHMETIC[op](left.const, right.const), node, run.src)
        except Exception:
            return unknown(op, node, run.src)
    if op == "Mult":
        for items, count in ((left, right), (right, left)):
            if items.kind in ("list", "tuple") and items.items is not None:
                made = Val(items.kind, "repeat", node, run.src)
                many = count.const if isinstance(count.const, int) else 2
                made.items = items.items * max(1, min(int(many), 8))
                made.tags = {"repeat"}
                made.args = (items, count)
                return made
    if op == "Add" and left.kind == right.kind and left.kind in ("list", "tuple") and left.items is not None:
        made = Val(left.kind, "concat", node, run.src)
        made.items = left.items + (right.items or [])
        made.tags = left.tags | right.tags
        return made
    if op == "Mod" and left.kind == "const" and isinstance(left.const, str):
        return unknown("format", node, run.src, left, right)
    val = run.tensor(_NAMES.get(op, op.lower()), node, left, right)
    numbers = {"number", "int", "len"}
    if (left.kind in ("const", "number") and right.kind in ("const", "number")) or (
        left.name in numbers and (right.kind in ("const", "number") or right.name in numbers)
    ):
        val.kind = "number"
    scalar = [v.kind in ("const", "number") for v in (left, right)]
    if op == "MatMult":
        val.shape = shapes.matmul(left.shape, right.shape)
    elif scalar[0]:
        val.shape = right.shape
    elif scalar[1]:
        val.shape = left.shape
    else:
        val.shape = shapes.broadcast(left.shape, right.shape)
        if shapes.is_outer(left.shape, right.shape):
            val.tags.add("outer")
            run.emit("broadcast", val.name, node, args=(left, right), result=val)
    val.dtype = "float" if "float" in (left.dtype, right.dtype) or op == "Div" else left.dtype or right.dtype
    val.split = left.split or right.split
    return val


def _binop(run: Interp, node: ast.BinOp) -> Val:
    return binary(run, node, type(node.op).__name__, run.eval(node.left), run.eval(node.right))


def _unary(run: Interp, node: ast.UnaryOp) -> Val:
    val = run.eval(node.operand)
    name = type(node.op).__name__
    if name == "Not":
        known = truth(val)
        made = unknown("not", node, run.src, val) if known is None else const(not known, node, run.src)
        made.tags.add("not")
        return made
    if val.kind == "const" and isinstance(val.const, (int, float)):
        return const(-val.const if name == "USub" else val.const, node, run.src)
    made = run.tensor({"USub": "neg", "Invert": "invert"}.get(name, "pos"), node, val)
    made.shape, made.dtype = val.shape, val.dtype
    return made


def _boolop(run: Interp, node: ast.BoolOp) -> Val:
    vals: list[Val] = []
    for part in node.values:
        val = run.eval(part)
        known = truth(val)
        stop = isinstance(node.op, ast.Or)
        if known is not None and known is stop and not vals:
            return val
        if known is not None and known is not stop:
            if part is node.values[-1] and not vals:
                return val
            continue
        vals.append(val)
    if len(vals) == 1:
        return vals[0]
    made = unknown("boolop", node, run.src, *vals)
    made.tags.add("bool")
    return made


def _compare(run: Interp, node: ast.Compare) -> Val:
    left = run.eval(node.left)
    right = run.eval(node.comparators[0])
    op = type(node.ops[0]).__name__
    if len(node.ops) == 1:
        if op in ("Is", "IsNot") and right.is_none:
            if left.is_none:
                return const(op == "Is", node, run.src)
            if left.kind not in ("phi", "unknown"):
                return const(op == "IsNot", node, run.src)
        if left.kind == "const" and right.kind == "const" and op in _COMPARE:
            try:
                return const(_COMPARE[op](left.const, right.const), node, run.src)
            except Exception:
                return unknown("compare", node, run.src)
        if op in ("In", "NotIn") and left.kind == "const" and right.items and right.kind in ("list", "tuple"):  # noqa: SIM102
            if all(i.kind == "const" for i in right.items):
                return const((left.const in [i.const for i in right.items]) == (op == "In"), node, run.src)
    rest = [run.eval(c) for c in node.comparators[1:]]
    val = run.tensor("compare", node, left, right, *rest)
    val.grad = False
    val.dtype = "bool"
    val.tags.add(op)
    if right.kind in ("const", "number"):
        val.shape = left.shape
    else:
        val.shape = shapes.broadcast(left.shape, right.shape)
        if shapes.is_outer(left.shape, right.shape):
            val.tags.add("outer")
            run.emit("broadcast", "compare", node, args=(left, right), result=val)
    run.emit("compare", op, node, args=(left, right), result=val)
    return val


def _ifexp(run: Interp, node: ast.IfExp) -> Val:
    test = run.eval(node.test)
    known = truth(test)
    if known is not None:
        return run.eval(node.body if known else node.orelse)
    run.conds.append((node, 0, test))
    try:
        first = run.eval(node.body)
        run.conds[-1] = (node, 1, test)
        second = run.eval(node.orelse)
    finally:
        run.conds.pop()
    return join(first, second)


def _sequence(run: Interp, node: ast.List | ast.Tuple | ast.Set) -> Val:
    val = Val("tuple" if isinstance(node, ast.Tuple) else "list", "", node, run.src)
    val.items = []
    for part in node.elts:
        if isinstance(part, ast.Starred):
            inner = run.eval(part.value)
            if inner.items is not None:
                val.items.extend(inner.items)
                val.tags |= inner.tags & {"each", "repeat"}
            else:
                val.items.append(unknown("star", part, run.src, inner))
        else:
            val.items.append(run.eval(part))
    return val


def _dict(run: Interp, node: ast.Dict) -> Val:
    val = Val("dict", "", node, run.src)
    for key, item in zip(node.keys, node.values, strict=True):
        made = run.eval(item)
        if key is None:
            val.attrs.update(made.attrs)
            continue
        name = run.eval(key)
        val.attrs[str(name.const) if name.kind == "const" else "*"] = made
        if made.kind in ("loader", "dataset") and not made.split and isinstance(name.const, str):
            made.split = naming.split_of(name.const)
    val.args = tuple(val.attrs.values())
    return val


def _comprehension(run: Interp, node: Any) -> Val:
    outer = run.scope
    run.scope = type(outer)(outer=outer, src=run.src)
    try:
        sources = []
        for gen in node.generators:
            over = run.eval(gen.iter)
            sources.append(over)
            run.emit("comprehension", "", node, recv=over)
            singles = unroll(over, node, run) if len(node.generators) == 1 and not gen.ifs else None
            if singles is not None:
                return _unrolled(run, node, gen.target, singles)
            run.assign(gen.target, element(run, over, gen.target))
            for test in gen.ifs:
                run.eval(test)
        if isinstance(node, ast.DictComp):
            run.eval(node.key)
            val = Val("dict", "comprehension", node, run.src)
            val.attrs["*"] = run.eval(node.value)
            val.args = (val.attrs["*"], *sources)
            val.tags.add("each")
            return val
        made = run.eval(node.elt)
    finally:
        run.scope = outer
    val = Val("iter" if isinstance(node, ast.GeneratorExp) else "list", "comprehension", node, run.src)
    val.items = [made]
    val.args = tuple(sources)
    val.tags.add("each")
    if sources and sources[0].kind == "list" and sources[0].items and "each" not in sources[0].tags:
        val.tags.add("literal")
    val.grad = made.grad
    return val


def element(run: Interp, val: Val, node: ast.AST) -> Val:
    """What iterating over a value gives."""
    return attributes.element(run, val, node)


def _unrolled(run: Interp, node: Any, target: ast.expr, singles: list[Val]) -> Val:
    """A comprehension over a short literal, item by item."""
    if isinstance(node, ast.DictComp):
        made = Val("dict", "", node, run.src)
        for one in singles:
            run.assign(target, one)
            key = run.eval(node.key)
            made.attrs[str(key.const) if key.kind == "const" else "*"] = run.eval(node.value)
        made.args = tuple(made.attrs.values())
        return made
    val = Val("iter" if isinstance(node, ast.GeneratorExp) else "list", "literal", node, run.src)
    val.items = []
    for one in singles:
        run.assign(target, one)
        val.items.append(run.eval(node.elt))
    val.grad = any(i.grad for i in val.items)
    return val


def unroll(over: Val, node: ast.AST, run: Interp) -> list[Val] | None:
    """The items of a short literal (phases, names of splits), which a loop visits one by one."""
    if over.kind in ("list", "tuple") and over.items and not over.tags & {"each", "grown", "repeat"}:  # noqa: SIM102
        if 1 < len(over.items) <= 4 and any(
            i.kind == "const" or (i.kind in ("tuple", "list") and i.items and i.items[0].kind == "const")
            for i in over.items
        ):
            return list(over.items)
    if over.kind == "dict" and over.attrs and "*" not in over.attrs and 1 < len(over.attrs) <= 4:
        return [const(key, node, run.src) for key in over.attrs]
    if over.kind == "iter" and over.name == "items" and over.args and over.args[0].kind == "dict":
        box = over.args[0].attrs
        if 1 < len(box) <= 4 and "*" not in box:
            pairs = []
            for key, val in box.items():
                pair = Val("tuple", "pair", node, run.src)
                pair.items = [const(key, node, run.src), val]
                pairs.append(pair)
            return pairs
    return None


def item_of(run: Interp, val: Val, index: int, node: ast.AST, count: int) -> Val:
    """Part ``index`` of a value that is unpacked into ``count`` names."""
    return attributes.part(run, val, index, node, count)


def _subscript(run: Interp, node: ast.Subscript) -> Val:
    return attributes.getitem(run, run.eval(node.value), node)


def _call(run: Interp, node: ast.Call) -> Val:
    return calls.call(run, node)


def _lambda(run: Interp, node: ast.Lambda) -> Val:
    return calls.make_lambda(run, node)


def _joined(run: Interp, node: ast.JoinedStr) -> Val:
    parts = [run.eval(v.value) for v in node.values if isinstance(v, ast.FormattedValue)]
    return unknown("fstring", node, run.src, *parts)


def _named(run: Interp, node: ast.NamedExpr) -> Val:
    val = run.eval(node.value)
    run.assign(node.target, val)
    return val


def _await(run: Interp, node: Any) -> Val:
    return run.eval(node.value)


def _yield(run: Interp, node: ast.Yield) -> Val:
    val = run.eval(node.value)
    if run.yields:
        run.yields[-1].append(val)
    return unknown("sent", node, run.src)


def _yield_from(run: Interp, node: ast.YieldFrom) -> Val:
    val = run.eval(node.value)
    if run.yields:
        run.yields[-1].append(element(run, val, node))
    return unknown("sent", node, run.src)


def _slice(run: Interp, node: ast.Slice) -> Val:
    val = Val("slice", "", node, run.src)
    val.args = (run.eval(node.lower), run.eval(node.upper), run.eval(node.step))
    return val


def _starred(run: Interp, node: ast.Starred) -> Val:
    return run.eval(node.value)


def enter(run: Interp, val: Val) -> None:
    """``with val:``: grad mode and autocast change until the block ends."""
    for one in val.options():
        if one.kind == "context":
            if one.name in ("no_grad", "inference_mode"):
                flag = one.number(0, "mode")
                run.grads.append(bool(flag is False) or (run.grads[-1] and flag is False))
            elif one.name == "enable_grad":
                run.grads.append(True)
            elif one.name == "set_grad_enabled":
                flag = one.number(0, "mode")
                run.grads.append(run.grads[-1] if flag is None else bool(flag))
            elif one.name == "autocast":
                run.autocasts.append(one)


def uses_gradient(val: Val) -> bool:
    """Whether a value is made from some ``.grad``: then adding it to a parameter is an update by hand."""
    stack, count = [val], 0
    while stack and count < 40:
        one = stack.pop()
        count += 1
        if one.kind == "tensor" and one.name == "grad":
            return True
        if one.kind in ("tensor", "phi", "unknown"):
            stack.extend(one.args)
    return False


EXPRESSIONS: dict[type, Callable[[Interp, Any], Val]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.BinOp: _binop,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolop,
    ast.Compare: _compare,
    ast.IfExp: _ifexp,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.Lambda: _lambda,
    ast.JoinedStr: _joined,
    ast.NamedExpr: _named,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.Slice: _slice,
    ast.Starred: _starred,
}

"""What ``Trainer.fit(module, train, val)`` of Lightning does, written out as the loop that it stands for."""

from __future__ import annotations

import ast
from typing import Any

from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.scopes import Scope
from seedbed.doctor.static.values import Val, unknown

_LOOP = """
for __epoch__ in range(2):
    __m__.train()
    for __i__, __b__ in enumerate(__train__):
        __opt__.zero_grad()
        __loss__ = __m__.training_step(__b__, __i__)
        __loss__.backward()
        __opt__.step()
    __m__.eval()
    with __torch__.no_grad():
        for __i__, __b__ in enumerate(__val__):
            __m__.validation_step(__b__, __i__)
"""
_HOOKS = ("on_train_epoch_start", "on_train_epoch_end", "on_validation_epoch_end")


def fit(run: Machine, args: tuple[Val, ...], kwargs: dict[str, Val], node: ast.AST) -> None:
    """Run the loop of a module whose parts are all known; anything else stays unread."""
    module = args[0] if args else kwargs.get("model")
    train = args[1] if len(args) > 1 else kwargs.get("train_dataloaders")
    val = args[2] if len(args) > 2 else kwargs.get("val_dataloaders")
    if module is None or train is None or train.kind != "loader" or "lightning" not in module.tags:
        return
    owner: Any = module.owner
    methods = {n: owner.method(n) for n in ("training_step", "configure_optimizers", "validation_step")}
    manual = module.attrs.get("automatic_optimization")
    if methods["training_step"] is None or methods["configure_optimizers"] is None or manual is not None:
        return
    made = run.invoke(methods["configure_optimizers"], node, (module,), {})
    optimizer, schedule, often = _parts(made)
    if optimizer is None:
        return
    measured = val is not None and val.kind == "loader" and methods["validation_step"] is not None
    hooks = [name for name in _HOOKS if owner.method(name) is not None]
    body = _written(node, measured, schedule, often, hooks)
    outer, run.scope = run.scope, Scope(outer=run.scope, src=run.src)
    given = {"__m__": module, "__train__": train, "__val__": val, "__opt__": optimizer, "__sched__": schedule}
    run.scope.vars["__metric__"] = unknown("metric", node, run.src)
    run.scope.vars.update({k: v for k, v in given.items() if v is not None})
    run.scope.vars["__torch__"] = Val("lib", "torch", node, run.src)
    try:
        run.run(body)
    finally:
        run.scope = outer


def _parts(made: Val) -> tuple[Val | None, Val | None, bool]:
    """The one optimizer that ``configure_optimizers`` gives, its schedule, and whether that steps in every batch."""
    if made.kind == "optimizer":
        return made, None, False
    if made.kind == "dict":
        optimizer, plan = made.attrs.get("optimizer"), made.attrs.get("lr_scheduler")
    elif made.kind in ("tuple", "list") and made.items and len(made.items) == 2:
        first, second = made.items
        optimizer = first.items[0] if first.items and len(first.items) == 1 else None
        plan = second.items[0] if second.items and len(second.items) == 1 else None
        if plan is None:
            return None, None, False
    else:
        return None, None, False
    often = False
    if plan is not None and plan.kind == "dict":
        interval = plan.attrs.get("interval")
        often = interval is not None and interval.const == "step"
        plan = plan.attrs.get("scheduler")
    if optimizer is None or optimizer.kind != "optimizer" or (plan is not None and plan.kind != "scheduler"):
        return None, None, False
    return optimizer, plan, often


def _written(node: ast.AST, measured: bool, schedule: Val | None, often: bool, hooks: list[str]) -> list[ast.stmt]:
    """The loop, placed at the call."""
    known: list[ast.stmt] | None = node.__dict__.get("_fit")
    if known is None:
        tree = ast.parse(_LOOP)
        loop: Any = tree.body[0]
        if not measured:
            del loop.body[2:]
        if schedule is not None:
            plateau = schedule.name == "ReduceLROnPlateau"
            step = ast.parse("__sched__.step(__metric__)" if plateau else "__sched__.step()").body[0]
            (loop.body[1].body if often else loop.body).append(step)
        for name in hooks:
            call = ast.parse(f"__m__.{name}()").body[0]
            if name == "on_train_epoch_start":
                loop.body.insert(1, call)
            elif name == "on_train_epoch_end":
                loop.body.append(call)
            elif measured:
                at = next(i for i, part in enumerate(loop.body) if isinstance(part, ast.With))
                loop.body[at].body.append(call)
        for part in ast.walk(tree):
            if "lineno" in part.__dict__:
                ast.copy_location(part, node)
        known = tree.body
        node.__dict__["_fit"] = known
    return known

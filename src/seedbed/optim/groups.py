"""Parameter groups: who gets weight decay, who gets a rate of its own; and the sentence in the log about it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from seedbed.errors import ConfigError

GROUP_OPTIONS = ("match", "lr", "weight_decay")


@dataclass(frozen=True, slots=True)
class _Rule:
    """One entry of ``groups``."""

    match: str
    lr: float | None
    weight_decay: float | None


def parameter_groups(
    model: nn.Module,
    *,
    params: str = "*",
    lr: float | None = None,
    weight_decay: float | None = None,
    groups: Sequence[Mapping[str, Any]] = (),
    decay_all: bool = False,
) -> list[dict[str, Any]]:
    """Groups for a torch optimizer, as few as there are different options.

    Weight decay spares every parameter with fewer than two dimensions (norms, biases) unless ``decay_all``; a group
    that states its own ``weight_decay`` means it for everything that it matches. Parameters that don't require
    gradients are left out, so a parameter that is frozen only for a while must be frozen after this. A tied
    parameter counts once, and matches by any of its names.

    Args:
        model: Whose parameters to group.
        params: Pattern over parameter names: which ones to take at all.
        lr: The optimizer's rate, None for its default.
        weight_decay: The optimizer's weight decay, its default written out (see ``optimizers.default_option``);
            None or 0 if it has none.
        groups: Mappings ``{"match": pattern, "lr": …, "weight_decay": …}``; the first that matches wins.
        decay_all: Apply weight decay to parameters with fewer than two dimensions as well.

    Returns:
        Mappings with ``params`` as (name, parameter) pairs, ``name``, and ``lr`` and ``weight_decay`` where they are
        stated. The group with the optimizer's own rate comes first.

    Raises:
        ConfigError: A pattern matches nothing, or nothing is left to train.
    """
    names = parameter_names(model)
    rules = [_read_rule(group) for group in groups]
    _check_patterns(params, rules, names)
    merged: dict[tuple[float | None, float | None], dict[str, Any]] = {}
    selected = [(owned, parameter) for owned, parameter in names if _matches(params, owned)]
    for owned, parameter in selected:
        if not parameter.requires_grad:
            continue
        rule = next((rule for rule in rules if _matches(rule.match, owned)), _Rule("default", None, None))
        rate = lr if rule.lr is None else rule.lr
        spared = rule.weight_decay is None and not decay_all and parameter.ndim < 2 and bool(weight_decay)
        decay = 0.0 if spared else weight_decay if rule.weight_decay is None else rule.weight_decay
        group = merged.setdefault((rate, decay), {"params": [], "labels": {}})
        group["params"].append((owned[0], parameter))
        group["labels"][rule.match + (", no decay" if spared else "")] = None
    if not merged:
        what = "the model has no parameters" if not selected else f"all {len(selected)} parameters are frozen"
        raise ConfigError(f"there is nothing to train: {what}; unfreeze some, or check optimizer.params ({params!r})")
    ordered = sorted(merged.items(), key=lambda item: item[0][0] != lr)
    return [_group(options, group) for options, group in ordered]


def parameter_names(model: nn.Module) -> list[tuple[list[str], nn.Parameter]]:
    """Each parameter of ``model`` once, with all the names it goes by (several where weights are tied)."""
    found: dict[int, tuple[list[str], nn.Parameter]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        found.setdefault(id(parameter), ([], parameter))[0].append(name)
    return list(found.values())


def describe(groups: Sequence[Mapping[str, Any]]) -> str:
    """What the log says of the groups: sizes, options, and what gets no weight decay.

    Args:
        groups: What ``parameter_groups`` returned, or an optimizer's ``param_groups``.
    """
    lines = [f"{len(groups)} parameter group{'s' if len(groups) != 1 else ''}"]
    for group in groups:
        members = _members(group)
        options = [f"{key} {group[key]:g}" for key in ("lr", "weight_decay") if group.get(key) is not None]
        numel = sum(parameter.numel() for _, parameter in members)
        title = f"  {group.get('name', 'group')}: {len(members)} tensors, {numel:,} numbers"
        lines.append(", ".join([title, *options]))
    spared = [name for group in groups if group.get("weight_decay") == 0 for name, _ in _members(group)]
    if spared and any(group.get("weight_decay") for group in groups):
        shown = ", ".join(spared[:6]) + (f" and {len(spared) - 6} more" if len(spared) > 6 else "")
        lines.append(f"  no weight decay for {shown}")
    return "\n".join(lines)


def has_sparse_gradients(model: nn.Module) -> bool:
    """Whether an embedding of ``model`` makes sparse gradients, which fused optimizers don't take."""
    return any(getattr(module, "sparse", False) is True for module in model.modules())


def _members(group: Mapping[str, Any]) -> list[tuple[str, nn.Parameter]]:
    params = list(group["params"])
    if params and isinstance(params[0], tuple):
        return params
    return list(zip(group.get("param_names", ["?"] * len(params)), params, strict=True))


def _group(options: tuple[float | None, float | None], group: dict[str, Any]) -> dict[str, Any]:
    lr, weight_decay = options
    result: dict[str, Any] = {"params": group["params"], "name": "; ".join(group["labels"])}
    if lr is not None:
        result["lr"] = float(lr)
    if weight_decay is not None:
        result["weight_decay"] = float(weight_decay)
    return result


def _read_rule(group: Mapping[str, Any]) -> _Rule:
    for key in group:
        if key not in GROUP_OPTIONS:
            near = difflib.get_close_matches(str(key), GROUP_OPTIONS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"a group has {', '.join(GROUP_OPTIONS)}"
            raise ConfigError(f"optimizer.groups has an unknown option {key!r}; {hint}")
    if not isinstance(group.get("match"), str):
        raise ConfigError(f"optimizer.groups: {dict(group)} has no 'match', the pattern over parameter names")
    return _Rule(group["match"], group.get("lr"), group.get("weight_decay"))


def _matches(pattern: str, names: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


def _check_patterns(params: str, rules: Sequence[_Rule], names: Sequence[tuple[list[str], nn.Parameter]]) -> None:
    everything = [name for owned, _ in names for name in owned]
    if everything and not _matches(params, everything):
        raise ConfigError(f"optimizer.params: {no_match(params, everything)}")
    free = [owned for owned, _ in names if _matches(params, owned)]
    for rule in rules:
        taken = [owned for owned in free if _matches(rule.match, owned)]
        if not taken:
            if _matches(rule.match, everything):
                why = "is matched already by optimizer.groups before it or left out by optimizer.params"
                raise ConfigError(f"optimizer.groups: everything that {rule.match!r} matches {why}; reorder or drop it")
            raise ConfigError(f"optimizer.groups: {no_match(rule.match, everything)}")
        free = [owned for owned in free if owned not in taken]


def no_match(pattern: str, names: Sequence[str]) -> str:
    """The sentence for a pattern that matches no parameter, with the nearest names."""
    bare = pattern.replace("*", "").strip(".")
    near = difflib.get_close_matches(bare, names, 3, 0.4)
    near = near or [name for name in names if bare and bare.split(".")[0] in name][:3] or list(names[:3])
    return f"the pattern {pattern!r} matches no parameter; names are like {', '.join(near)}"

"""pytorch-template and Hydra config trees → our tree, with a note for everything that changes or is ignored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from seedbed.config.overrides import parse_override
from seedbed.config.schema import Config, Trainer
from seedbed.config.tree import Keys, Origin, Problem, Tree, find_nearest, format_keys, show_value

TEMPLATE_SEED = 123
TEMPLATE_KEYS = {"arch", "data_loader", "loss", "metrics", "n_gpu"}
TEMPLATE_TRAINER_KEYS = {
    "epochs",
    "save_dir",
    "save_period",
    "save_freq",
    "verbosity",
    "monitor",
    "early_stop",
    "tensorboard",
    "tensorboardX",
    "len_epoch",
}


@dataclass
class Converted:
    """A tree in our form.

    Args:
        tree: The values; ``tree.moved`` knows where their author wrote them.
        notes: What changed or is ignored, one sentence each.
        problems: What cannot be converted.
        run_root: Folder for runs that a pytorch-template file asks for.
    """

    tree: Tree
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    run_root: str | None = None


def is_template(values: dict[str, Any]) -> bool:
    """Whether this is a pytorch-template config."""
    return "arch" in values or "data_loader" in values


def split_overrides(tree: Tree, overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """Overrides that speak the file's dialect (set before conversion) and those in our form (set after it)."""
    if not is_template(tree.values):
        return list(overrides), []
    first: list[str] = []
    last: list[str] = []
    for text in overrides:
        keys, _ = parse_override(text)
        theirs = keys[0] in TEMPLATE_KEYS | {"name", "seed", "optimizer", "lr_scheduler"}
        theirs = theirs or (keys[0] == "trainer" and (len(keys) < 2 or keys[1] in TEMPLATE_TRAINER_KEYS))
        (first if theirs else last).append(text)
    return first, last


def convert_dialect(tree: Tree) -> Converted:
    """The tree in our form; a tree that is in it already comes back as it is."""
    converted = _Template(tree).convert() if is_template(tree.values) else Converted(tree)
    return convert_targets(converted)


class _Template:
    """One conversion of a pytorch-template tree; ``out`` grows section by section."""

    def __init__(self, tree: Tree) -> None:
        self.given = tree.values
        self.tree = Tree({}, dict(tree.origins), tree.source)
        self.out = self.tree.values
        self.result = Converted(self.tree)

    def convert(self) -> Converted:
        """Our tree, with notes and problems."""
        given = self.given
        self.out["name"] = given.get("name", "run")
        self.out["seed"] = given.get("seed", TEMPLATE_SEED)
        if "seed" not in given:
            self._mark_theirs(("seed",))
        self._move(("arch",), ("model",))
        self._move(("data_loader",), ("data",))
        self._convert_objective()
        self._convert_optimizer()
        if given.get("lr_scheduler") is not None:
            self._convert_schedule()
        self.out["trainer"] = {}
        self._convert_device()
        trainer = given.get("trainer", {})
        if isinstance(trainer, dict):
            self._convert_trainer(trainer)
        else:
            self.out["trainer"] = trainer
        self._convert_rest()
        return self.result

    def _move(self, old: Keys, new: Keys) -> None:
        value: Any = self.given
        for key in old:
            if not isinstance(value, dict) or key not in value:
                return
            value = value[key]
        target = self.out
        for key in new[:-1]:
            target = target.setdefault(str(key), {})
        target[str(new[-1])] = value
        if old != new:
            self.tree.moved[new] = old

    def _mark_theirs(self, keys: Keys) -> None:
        """The value at these keys is what pytorch-template does where its file says nothing."""
        self.tree.origins[keys] = Origin("pytorch-template default")

    def _note(self, text: str) -> None:
        self.result.notes.append(f"{self.tree.source}: {text}")

    def _convert_objective(self) -> None:
        if "loss" not in self.given:
            self.result.problems.append(Problem(("loss",), "is missing", 'name the loss function, like "nll_loss"'))
            self.given = {**self.given, "loss": "cross_entropy"}
        self.out["objective"] = {"type": "Functional", "args": {}}
        self._move(("loss",), ("objective", "args", "loss"))
        self._move(("metrics",), ("objective", "args", "metrics"))
        self.tree.moved[("objective",)] = ("loss",)

    def _convert_optimizer(self) -> None:
        """Their optimizer decays every parameter, so ours is told to do the same."""
        self._move(("optimizer",), ("optimizer",))
        optimizer = self.out.get("optimizer")
        if isinstance(optimizer, dict):
            self.out["optimizer"] = {"decay_all": True, **optimizer}
            if "decay_all" not in optimizer:
                self._mark_theirs(("optimizer", "decay_all"))

    def _convert_schedule(self) -> None:
        """Their schedule steps once an epoch."""
        schedule = self.given["lr_scheduler"]
        self.out["lr_scheduler"] = {"interval": "epoch", **schedule} if isinstance(schedule, dict) else schedule
        if isinstance(schedule, dict) and "interval" not in schedule:
            self._mark_theirs(("lr_scheduler", "interval"))

    def _convert_device(self) -> None:
        count = self.given.get("n_gpu", 1)
        if isinstance(count, bool) or not isinstance(count, int):
            self.result.problems.append(Problem(("n_gpu",), f"must be a whole number, is {show_value(count)}"))
        elif count <= 0:
            self._move(("n_gpu",), ("trainer", "device"))
            self.out["trainer"]["device"] = "cpu"
        elif count > 1:
            self._note(f"n_gpu is {count}, one device is used (start with torchrun to use several)")

    def _convert_trainer(self, trainer: dict[str, Any]) -> None:
        self._move(("trainer", "epochs"), ("trainer", "epochs"))
        self._move(("trainer", "len_epoch"), ("trainer", "steps_per_epoch"))
        self._convert_monitor(trainer)
        self._convert_saving(trainer)
        board = "tensorboard" if "tensorboard" in trainer else "tensorboardX"
        if board in trainer:
            self._move(("trainer", board), ("tracking", "tensorboard"))
        if "verbosity" in trainer:
            self._note("trainer.verbosity is ignored; the console has one form")
        for key in trainer:
            if key in TEMPLATE_TRAINER_KEYS:
                continue
            if key in Trainer.model_fields:
                self._move(("trainer", key), ("trainer", key))
                continue
            near = find_nearest(key, {*TEMPLATE_TRAINER_KEYS, *Trainer.model_fields}, cutoff=0.8)
            self._note(f"trainer.{key} is ignored" + (f"; did you mean trainer.{near}?" if near else ""))

    def _convert_monitor(self, trainer: dict[str, Any]) -> None:
        """Off by default; without a monitor their early stop does nothing, and 0 or less means never."""
        self.out["trainer"]["monitor"] = "off"
        if "monitor" not in trainer:
            self._mark_theirs(("trainer", "monitor"))
        self._move(("trainer", "monitor"), ("trainer", "monitor"))
        monitor, patience = self.out["trainer"]["monitor"], trainer.get("early_stop")
        if patience is None:
            return
        if monitor == "off":
            self._note("trainer.early_stop is ignored because trainer.monitor is off")
        elif isinstance(patience, int | float) and not isinstance(patience, bool) and patience <= 0:
            self._note(f"trainer.early_stop is {patience}, which means never")
        else:
            self._move(("trainer", "early_stop"), ("trainer", "early_stop"))

    def _convert_saving(self, trainer: dict[str, Any]) -> None:
        """Every checkpoint that they write stays, so ours stay too."""
        period = "save_period" if "save_period" in trainer else "save_freq"
        if period == "save_freq" and period in trainer:
            self._note("trainer.save_freq is read as trainer.save_period")
        if period in trainer:
            for name in ("every_epochs", "keep_every_epochs"):
                self._move(("trainer", period), ("checkpoint", name))
        folder = trainer.get("save_dir")
        if isinstance(folder, str) and folder:
            self.result.run_root = folder
            self._note(f"trainer.save_dir: runs go to {folder}")
        elif folder is not None:
            self.result.problems.append(Problem(("trainer", "save_dir"), f"must be text, is {show_value(folder)}"))

    def _convert_rest(self) -> None:
        """Sections of ours stay, anything else is named."""
        read = TEMPLATE_KEYS | {"name", "seed", "optimizer", "lr_scheduler", "trainer"}
        for key, value in self.given.items():
            if key in read:
                continue
            if key in Config.model_fields and key not in {"model", "data", "objective"}:
                present = self.out.get(key)
                self.out[key] = {**present, **value} if isinstance(present, dict) and isinstance(value, dict) else value
                continue
            near = find_nearest(key, {*read, *Config.model_fields}, cutoff=0.8)
            self._note(f"{format_keys((key,))} is ignored" + (f"; did you mean {near}?" if near else ""))


def convert_targets(converted: Converted) -> Converted:
    """Hydra's form ``{_target_: a.b, x: 1}`` as ``{type: a.b, args: {x: 1}}``, at every depth."""
    tree = converted.tree
    if not _holds_target(tree.values) and "defaults" not in tree.values:
        return converted
    values = dict(tree.values)
    if "hydra" in values:
        del values["hydra"]
        converted.notes.append(f"{tree.source}: the section hydra is ignored")
    if isinstance(values.get("defaults"), list):
        del values["defaults"]
        advice = "give the composed file, which 'python train.py --cfg job --resolve' prints"
        converted.problems.append(Problem(("defaults",), "configs are not composed from others here", advice))
    result = Tree({}, tree.origins, tree.source, dict(tree.moved))
    result.values = _convert_value(values, (), (), result, converted)
    converted.tree = result
    return converted


def _holds_target(value: Any) -> bool:
    if isinstance(value, dict):
        return "_target_" in value or any(_holds_target(item) for item in value.values())
    return isinstance(value, list) and any(_holds_target(item) for item in value)


def _convert_value(value: Any, old: Keys, new: Keys, tree: Tree, converted: Converted) -> Any:
    """One value; ``old`` and ``new`` are its path in the tree before and after."""
    if isinstance(value, list):
        return [_convert_value(item, (*old, index), (*new, index), tree, converted) for index, item in enumerate(value)]
    if isinstance(value, str) and "${" in value:
        converted.problems.append(
            Problem(new, f"is an interpolation ({value})", "write the value itself; nothing is interpolated here")
        )
    if not isinstance(value, dict):
        return value
    if "_target_" not in value:
        return {key: _convert_value(item, (*old, key), (*new, key), tree, converted) for key, item in value.items()}
    _remember(tree, (*new, "type"), (*old, "_target_"))
    arguments = {}
    for key, item in value.items():
        if key in {"_target_", "_partial_", "_convert_", "_recursive_"}:
            continue
        if key == "_args_":
            problem = Problem((*new, "args", key), "arguments by position are not supported", "give them by name")
            converted.problems.append(problem)
            continue
        _remember(tree, (*new, "args", key), (*old, key))
        arguments[key] = _convert_value(item, (*old, key), (*new, "args", key), tree, converted)
    return {"type": value["_target_"], "args": arguments}


def _remember(tree: Tree, new: Keys, old: Keys) -> None:
    """Note a move, through moves that an earlier conversion made."""
    tree.moved[new] = tree.written(old)

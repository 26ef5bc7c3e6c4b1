"""Going on with a run under a changed config: what may change, and how it gets into a saved state.

A plain resume continues: same config, same schedule, same bits. An extension changes the horizon, the rates or how
often one looks; schedules are laid out anew over the new horizon. Anything else is another training, which may start
from these weights (``init.checkpoint``). The manifest's ``history`` keeps each config that was left, and where.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from seedbed.errors import ConfigError
from seedbed.rundir import RunDir
from seedbed.state import TrainState

EXTENDABLE = re.compile(
    r"trainer\.(epochs|steps|early_stop|time_limit|clip_norm|clip_value|non_finite)$"
    r"|optimizer\.(\w+\.)?args\.|lr_scheduler|evaluate\.(every_\w+|test)$|checkpoint\.|tracking\.|allow"
    r"|data\.args\.(num_workers|prefetch|keep_items)$"
)


def check_extension(run: RunDir, changes: Sequence[str]) -> None:
    """Refuse changes that make another training.

    Args:
        run: The run to go on with.
        changes: Phrases that begin with the key, as ``locate.differences`` gives them.

    Raises:
        ConfigError: With each of them.
    """
    wrong = [text for text in changes if not EXTENDABLE.match(text.partition(" ")[0])]
    if wrong:
        raise ConfigError(
            f"{run.path} cannot be extended with {'; '.join(wrong)}: that is another training. To start it from this "
            f"run's weights, train the new config with init.checkpoint={run.path}"
        )


def history_of(run: RunDir) -> list[dict[str, Any]]:
    """The configs that a run was trained with before the present one: step, config and what was changed then."""
    history = list(run.read_manifest().get("history", [])) if run.manifest.is_file() else []
    # killed between the two files: the config that was to be left is still the present one
    while history and history[-1]["config"] == run.read_config():
        history.pop()
    return history


def amend(saved: dict[str, Any], state: TrainState, changes: Sequence[str]) -> dict[str, Any]:
    """A saved state with the options of the new config in place of the old one's.

    Args:
        saved: What a checkpoint holds.
        state: The state of the new config, as it was built.
        changes: What the extensions since that checkpoint changed.
    """
    amended = dict(saved)
    keys = [text.partition(" ")[0] for text in changes]
    new_rates = any(key.startswith("optimizer.") for key in keys)
    new_schedule = any(key.startswith("lr_scheduler") for key in keys)
    if new_rates or new_schedule:
        for name, optimizer in state.optimizers.items():
            part = dict(saved[f"optimizer/{name}"])
            fresh = optimizer.state_dict()["param_groups"]
            part["param_groups"] = [
                {**old, **{key: value for key, value in new.items() if key != "params"}}
                for old, new in zip(part["param_groups"], fresh, strict=True)
            ]
            amended[f"optimizer/{name}"] = part
        for name, schedule in state.schedules.items():
            if new_schedule or f"schedule/{name}" not in saved:
                amended[f"schedule/{name}"] = schedule.state_dict()
            elif "rates" in saved[f"schedule/{name}"]:
                amended[f"schedule/{name}"] = {
                    **saved[f"schedule/{name}"],
                    "rates": schedule.state_dict()["rates"],
                }
    return amended

"""Which folder a run gets: a new one, or that of an unfinished run of the same config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seedbed.config.schema import Config
from seedbed.errors import ConfigError, DataError
from seedbed.result import Options
from seedbed.rundir import RunDir, RunLock, encode, find_run_dir, find_runs, new_run_dir, read_events

MEASURED = ("precision", "channels_last", "threads", "compile", "cuda_graphs")  # what trainer.speed=auto may choose


def choose_run_dir(name: str, resolved: dict[str, Any], options: Options) -> RunDir:
    """The folder for a training.

    Args:
        name: The config's name.
        resolved: The complete config.

    Raises:
        ConfigError: The folder that was asked for holds a run of another config, or is no run.
    """
    if options.resume not in {"auto", "never"}:
        run = find_run_dir(Path(options.resume))
        check_same_config(run, resolved)
        return run
    if options.out is not None:
        run = RunDir(options.out)
        if options.out.is_file():
            raise ConfigError(f"--out {options.out} is a file; name a folder")
        if run.exists and options.resume == "never":
            raise ConfigError(
                f"{run.path} already holds a run, and nothing is overwritten; choose another folder with --out, remove "
                "it, or leave out --resume never to go on with it"
            )
        if run.exists:
            check_same_config(run, resolved)
        try:
            run.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--out {options.out} cannot be made: {error.strerror}; name another folder") from None
        return run
    if options.resume == "auto":
        unfinished = find_unfinished(options.root / name, resolved)
        if unfinished is not None:
            return unfinished
    return new_run_dir(options.root, name)


def check_same_config(run: RunDir, resolved: dict[str, Any]) -> None:
    """Refuse to go on with a run under another config.

    Raises:
        ConfigError: With the differences.
    """
    recorded = run.read_config()
    changed = differences(recorded, with_choices(encode(resolved), recorded))
    if changed:
        raise ConfigError(
            f"{run.path} holds a run of another config: {'; '.join(changed[:5])}. To train the new config choose "
            f"another folder with --out; to go on with this run and a change: seedbed resume {run.path} --extend "
            "KEY=VALUE"
        )


def find_unfinished(folder: Path, resolved: dict[str, Any]) -> RunDir | None:
    """The newest run below ``folder`` of the same config that has no end and that nobody is writing."""
    wanted = encode(resolved)
    for run in reversed(find_runs(folder)):
        try:
            recorded = run.read_config()
            if recorded != with_choices(wanted, recorded):
                continue
        except DataError:
            continue
        last = None
        for event in read_events(run.events):
            last = event.get("event")
        if last == "end":
            continue
        try:
            with RunLock(run):
                return run
        except ConfigError:
            continue
    return None


def with_choices(resolved: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    """A config with what it leaves to a measurement as a run of it was measured: its recorded config has it all.

    Args:
        resolved: The complete config; with ``trainer.speed`` "auto" some of its trainer's options may be null.
        recorded: The config in the run folder.
    """
    trainer, before = resolved.get("trainer", {}), recorded.get("trainer", {})
    if trainer.get("speed") != "auto" or before.get("speed") != "auto":
        return resolved
    chosen = {key: before[key] for key in MEASURED if trainer.get(key) is None and before.get(key) is not None}
    return {**resolved, "trainer": {**trainer, **chosen}}


def as_recorded(config: Config, run: RunDir) -> Config:
    """The config with what a measurement chose for ``run``, if there is such a run."""
    if config.trainer.speed != "auto" or not run.exists:
        return config
    plain = config.model_dump(mode="json")
    trainer = with_choices(plain, run.read_config())["trainer"]
    return config.model_copy(update={"trainer": config.trainer.model_copy(update={k: trainer[k] for k in MEASURED})})


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """One phrase for each value that differs between two configs: "optimizer.args.lr was 0.1, is 0.2"."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in sorted(old.keys() | new.keys()):
            inner = f"{path}.{key}" if path else key
            if key not in old:
                found.append(f"{inner} is new: {new[key]!r}")
            elif key not in new:
                found.append(f"{inner} is gone, was {old[key]!r}")
            else:
                found += differences(old[key], new[key], inner)
        return found
    return [] if old == new else [f"{path} was {old!r}, is {new!r}"]

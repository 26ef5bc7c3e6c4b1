"""The same training under many seeds: mean, spread, interval; and two configs compared seed by seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seedbed.errors import ConfigError
from seedbed.locate import check_same_config
from seedbed.report.intervals import Comparison, Estimate, compare_pairs, estimate
from seedbed.result import Options
from seedbed.resuming import read_end
from seedbed.run import load_source, train
from seedbed.rundir import RunDir, decode_number, dumps, encode
from seedbed.stacked.training import is_stacked, train_stacked


@dataclass(frozen=True)
class SeedRuns:
    """The runs of one config: their folder, seeds, metrics, and an estimate of each metric."""

    folder: str
    seeds: list[int]
    metrics: list[dict[str, float]]
    interrupted: bool = False
    estimates: dict[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """What ``seedbed seeds`` found; ``comparisons`` (second minus first, seed by seed) where there are two configs."""

    first: SeedRuns
    second: SeedRuns | None = None
    comparisons: dict[str, Comparison] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """Whether runs are left to be made."""
        return self.first.interrupted or (self.second is not None and self.second.interrupted)

    def to_json(self) -> dict[str, Any]:
        """The study as plain data."""
        return asdict(self)


def study_seeds(
    source: str | Path,
    overrides: Sequence[str] = (),
    *,
    n: int,
    versus: str | Path | None = None,
    stack: bool = False,
    options: Options | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Study:
    """Train a config, or two, under the seeds base, base+1, …, base+n-1, where base is the config's own seed.

    Args:
        source: A config file, or the name of a recipe.
        overrides: ``key.path=value`` strings.
        n: How many seeds.
        versus: A second config, or one ``key.path=value`` that makes one out of the first.
        stack: Train the seeds of a config together, where that can be done; else one after another, and say why.
        options: ``root``, ``console`` and ``allow`` are used.
        say: Takes a line on each run.

    Raises:
        SeedbedError: A config is wrong, or a training fails.
    """
    options = options or Options()
    first = run_seeds(source, overrides, n, options, say, stack=stack)
    if versus is None or first.interrupted:
        return Study(first)
    if "=" in str(versus):
        second = run_seeds(source, [*overrides, str(versus)], n, options, say, stack=stack)
    else:
        second = run_seeds(versus, overrides, n, options, say, stack=stack)
    if second.folder == first.folder:
        raise ConfigError(f"--versus {versus} is the same config; there is nothing to compare")
    comparisons = {}
    if first.seeds == second.seeds and not second.interrupted:
        for name in first.estimates.keys() & second.estimates.keys():
            comparisons[name] = compare_pairs([m[name] for m in first.metrics], [m[name] for m in second.metrics])
    ordered = {name: comparisons[name] for name in first.estimates if name in comparisons}
    return Study(first, second, ordered)


def run_seeds(
    source: str | Path,
    overrides: Sequence[str],
    n: int,
    options: Options,
    say: Callable[[str], None],
    *,
    stack: bool = False,
) -> SeedRuns:
    """Train one config under ``n`` seeds; runs that have ended are read, not repeated."""
    loaded = load_source(source, overrides, options.allow)
    base = loaded.config.seed
    resolved = encode(loaded.config.model_dump(mode="json"))
    # a config of its own gets a folder of its own, whatever its name
    mark = hashlib.sha256(dumps({**resolved, "seed": 0}).encode()).hexdigest()[:8]
    folder = options.root / f"{loaded.config.name}-seeds" / mark
    seeds: list[int] = []
    found: list[dict[str, float]] = []
    interrupted = False
    all_runs = {seed: RunDir(folder / f"seed-{seed}") for seed in range(base, base + n)}
    if stack:
        interrupted = stack_seeds(source, overrides, all_runs, folder, options, say)
    for seed, run in all_runs.items() if not interrupted else ():
        result = read_end(run) if run.exists else None
        if result is not None:
            check_same_config(run, {**resolved, "seed": seed})
        elif is_stacked(run):
            raise ConfigError(
                f"{run.path} was begun in a stack, whose bits a single run does not have; give the same command with "
                "--stack to go on with it, or remove the folder to train this seed afresh"
            )
        else:
            result = train(
                source,
                [*overrides, f"seed={seed}"],
                Options(out=run.path, console=options.console, allow=options.allow, command=options.command),
            )
        if result.status == "interrupted":
            interrupted = True
            break
        seeds.append(seed)
        found.append(numbers(result.metrics))
        say(f"seed {seed}: " + "  ".join(f"{name} {value:.4g}" for name, value in found[-1].items()))
    names = [name for name in (found[0] if found else {}) if all(name in metrics for metrics in found)]
    estimates = {name: estimate([metrics[name] for metrics in found]) for name in names}
    return SeedRuns(str(folder), seeds, found, interrupted, estimates)


def stack_seeds(
    source: str | Path,
    overrides: Sequence[str],
    runs: Mapping[int, RunDir],
    folder: Path,
    options: Options,
    say: Callable[[str], None],
) -> bool:
    """Train together those seeds that have no run yet or whose stacked run was stopped; whether they were stopped now.

    Leaves everything as it was, and says so, where they can't be trained together.
    """
    ready = {seed: run for seed, run in runs.items() if not run.exists or (is_stacked(run) and read_end(run) is None)}
    if len(ready) < 2 and not any(run.exists for run in ready.values()):
        return False
    loaded = [load_source(source, [*overrides, f"seed={seed}"], options.allow) for seed in ready]
    for its, run in zip(loaded, ready.values(), strict=True):
        if run.exists:
            check_same_config(run, encode(its.config.model_dump(mode="json")))
    results = train_stacked(loaded, list(ready.values()), options, folder / "STOP")
    if isinstance(results, str):
        say(f"not stacked: {results}; the seeds are trained one after another")
        return False
    say(f"stacked: {len(results)} seeds trained together")
    return any(result.status == "interrupted" for result in results)


def numbers(metrics: dict[str, Any]) -> dict[str, float]:
    """The metrics that are single numbers; tables are left out."""
    found = {}
    for name, value in metrics.items():
        if isinstance(value, int | float) or (isinstance(value, str) and value in {"NaN", "Infinity", "-Infinity"}):
            found[name] = decode_number(value)
    return found

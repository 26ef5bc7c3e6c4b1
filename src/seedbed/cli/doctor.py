"""``seedbed doctor``: run a script, a notebook or a config under observation and report silent mistakes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedbed.errors import ConfigError

FORMS = ("text", "json", "sarif", "github")

if TYPE_CHECKING:
    from seedbed.doctor.finding import Finding
    from seedbed.doctor.script import Observation

CONFIGS = (".json", ".yaml", ".yml", ".toml")
SCRIPTS = (".py", ".ipynb", ".pyw")


def doctor_config(source: str, overrides: tuple[str, ...]) -> list[Finding]:
    """Return the findings about a seedbed job before its first step.

    Args:
        source: A config file or the name of a recipe.
        overrides: ``key.path=value`` strings.

    Raises:
        SeedbedError: The config or the data are wrong.
    """
    from seedbed.build import build
    from seedbed.doctor.jobs.examine import place
    from seedbed.opening import findings_of
    from seedbed.recipes.catalog import find_recipe
    from seedbed.run import load_source

    with build(load_source(source, overrides)) as training:
        training.data.fit()
        found = findings_of(training)
    return place(found, Path(source) if Path(source).is_file() else find_recipe(source))


def doctor_script(
    typed: str, args: tuple[str, ...], steps: int, full: bool, seconds: float, quiet: bool
) -> tuple[list[Finding], Observation]:
    """Read and run a script, and return what both found, merged, with how the run went."""
    from seedbed.doctor.finding import merge
    from seedbed.doctor.script import observe_script
    from seedbed.doctor.static.engine import check_paths
    from seedbed.doctor.static.files import Problem
    from seedbed.doctor.static.settings import read_settings
    from seedbed.doctor.static.source import read_source

    path = Path(typed)
    if path.suffix == ".ipynb":
        read_source(path)  # of a broken one no part can be run either
    only = read_settings([path]).chosen()
    problems: list[Problem] = []
    read = check_paths([path], problems, only)
    for problem in problems:
        click.echo(f"{'note' if problem.kind == 'note' else 'not read'}: {problem}", err=True)
    seen = observe_script(typed, args, steps, full, seconds or None, quiet)
    watched = [f for f in seen.findings if only is None or f.code in only]
    return merge([*read, *_in_cells(watched, path)]), seen


def _in_cells(findings: list[Finding], path: Path) -> list[Finding]:
    """Name the cell of each finding in a notebook."""
    if path.suffix != ".ipynb":
        return findings
    from dataclasses import replace

    from seedbed.doctor.static.source import read_source

    source = read_source(path)
    return [replace(f, where=source.where(f.line)) if f.line and not f.where else f for f in findings]


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--format", "form", type=click.Choice(FORMS), default="text", help="How the findings are written.")
@click.option("--steps", default=300, show_default=True, help="Optimizer steps to watch closely.")
@click.option("--full", is_flag=True, help="Watch closely to the end.")
@click.option("--seconds", default=60.0, show_default=True, help="End the script after so many seconds (0: never).")
@click.option("--hints/--no-hints", default=True, help="Show hints too.")
@click.argument("target")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def command(form: str, steps: int, full: bool, seconds: float, hints: bool, target: str, args: tuple[str, ...]) -> None:
    """Report silent mistakes in TARGET: a script or a notebook, run under observation, or a config or recipe.

    ARGS are the script's own arguments, which is not changed: same random numbers, same weights; or KEY=VALUE for a
    config, whose job is looked at before its first update. What stands behind TARGET belongs to the script, but for one
    leading -- and for --format right behind TARGET, if the script knows no --format of its own.

    Exit code: the script's own if that is not 0 (128 + N for a script that signal N ended), else 1 if there is a
    warning or an error, else 0.
    """
    from seedbed.doctor.finding import Severity

    path = Path(target)
    form, args = _late_format(path, form, args)
    _check_numbers(steps, seconds)
    _check_target(path, target)
    seen = None
    if path.suffix in SCRIPTS:
        findings, seen = doctor_script(target, args, steps, full, seconds, form != "text")
    else:
        findings = doctor_config(target, args)
    shown = [f for f in findings if hints or f.severity > Severity.HINT]
    _show(shown, seen, form)
    found = any(f.severity >= Severity.WARNING for f in findings)
    sys.exit((seen.code if seen else 0) or int(found))


def _late_format(path: Path, form: str, args: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """``--format`` may also stand right behind the script, where most people type it; else all is the script's."""
    first, _, given = args[0].partition("=") if args else ("", "", "")
    taken = 1 if given else 2
    chosen = given or (args[1] if len(args) > 1 else "")
    if first == "--format" and chosen in FORMS and not _mentions_format(path):
        form, args = chosen, args[taken:]
    return form, args[1:] if args[:1] == ("--",) else args


def _mentions_format(path: Path) -> bool:
    try:
        return path.suffix in SCRIPTS and b"--format" in path.read_bytes()
    except OSError:
        return False


def _check_numbers(steps: int, seconds: float) -> None:
    if steps < 0:
        raise ConfigError(f"--steps is {steps}; give the number of optimizer steps to watch closely, 0 or more")
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"--seconds is {seconds:g}; give after how many seconds the script is ended, 0 for never")


def _check_target(path: Path, target: str) -> None:
    """Raise in one sentence when a target is neither a script, a notebook, a config nor a recipe."""
    if path.is_dir():
        raise ConfigError(
            f"{target} is a folder; give one script or notebook in it, or read it: seedbed check {target}"
        )
    if not path.exists() and not path.suffix and path.name == target:
        from seedbed.recipes.catalog import list_recipes

        names = [recipe.name for recipe in list_recipes()]
        if target not in names:
            raise ConfigError(
                f"{target!r} is no file and no recipe; give a script, a notebook, a config or one of the recipes "
                f"{', '.join(names)}"
            )
        return
    if not path.is_file():
        raise ConfigError(f"{target} does not exist; give a Python script, a notebook, a config or a recipe")
    if path.suffix not in CONFIGS + SCRIPTS:
        raise ConfigError(f"{target} is neither a script (.py), a notebook (.ipynb) nor a config (.json, .yaml, .toml)")


def _show(shown: list[Finding], seen: Observation | None, form: str) -> None:
    """Print the findings, and on the other stream what about the run limits them."""
    from seedbed.doctor.render import render

    notes = _notes(seen) if seen else []
    if notes and not shown and form == "text":
        parsed = seen is None or seen.parsed
        click.echo("No mistakes found in what was seen." if parsed else "Nothing was checked.")  # as the notes say
    else:
        click.echo(render(shown, form))
    for note in notes:
        click.echo(note, err=True)


def _notes(seen: Observation) -> list[str]:
    notes = []
    if seen.lost:
        notes.append(f"the script was {seen.lost}; only the reading of the code counts")
    if seen.crashed == "KeyboardInterrupt":
        notes.append("the script was interrupted; findings cover what ran until then")
    elif seen.crashed:
        notes.append(f"the script itself failed: {seen.crashed}")
    if seen.stopped:
        notes.append(f"the script was {seen.stopped}; findings cover what ran until then (--seconds 0 runs to the end)")
    if seen.processes:
        many = seen.processes > 1
        notes.append(
            f"{seen.processes} process{'es' if many else ''} that the script started {'were' if many else 'was'} not "
            "watched; what trains there is only read"
        )
    if not seen.torch and not seen.lost and not seen.crashed and not seen.failures:
        notes.append("the script did not import torch, so there was nothing to watch while it ran")
    if seen.failures:
        notes.append(f"{len(seen.failures)} observation(s) of the doctor failed; the script was not affected")
    return notes

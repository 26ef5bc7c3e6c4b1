"""``seedbed doctor``: run a script, a notebook or a config under observation and report silent mistakes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedbed.errors import ConfigError

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
    path: Path, args: tuple[str, ...], steps: int, full: bool, seconds: float, quiet: bool
) -> tuple[list[Finding], Observation]:
    """Read and run a script, and return what both found, merged, with how the run went."""
    from seedbed.doctor.finding import merge
    from seedbed.doctor.script import observe_script
    from seedbed.doctor.static.engine import check_paths
    from seedbed.doctor.static.files import Problem
    from seedbed.doctor.static.settings import read_settings

    only = read_settings([path]).chosen()
    problems: list[Problem] = []
    read = check_paths([path], problems, only)
    for problem in problems:
        click.echo(f"{'note' if problem.kind == 'note' else 'not read'}: {problem}", err=True)
    seen = observe_script(path, args, steps, full, seconds or None, quiet)
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
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif", "github"]), default="text",
              help="How the findings are written.")  # fmt: skip
@click.option("--steps", default=300, show_default=True, help="Optimizer steps to watch closely.")
@click.option("--full", is_flag=True, help="Watch closely to the end.")
@click.option("--seconds", default=60.0, show_default=True, help="End the script after so many seconds (0: never).")
@click.option("--hints/--no-hints", default=True, help="Show hints too.")
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def command(
    form: str, steps: int, full: bool, seconds: float, hints: bool, target: Path, args: tuple[str, ...]
) -> None:
    """Report silent mistakes in TARGET: a script or a notebook, run under observation, or a config or recipe.

    ARGS are the script's own arguments, which is not changed: same random numbers, same weights; or KEY=VALUE for a
    config, whose job is looked at before its first update.
    """
    form, args = _late_format(form, args)
    is_recipe = not target.suffix and not target.exists() and target.name == str(target)
    if not target.is_file() and not is_recipe:
        raise ConfigError(f"{target} does not exist; give a Python script, a notebook, a config or a recipe")
    if target.suffix in CONFIGS or is_recipe:
        findings, code, note = doctor_config(str(target), args), 0, ""
    elif target.suffix in SCRIPTS:
        findings, seen = doctor_script(target, args, steps, full, seconds, form != "text")
        code, note = seen.code, _tell(seen)
    else:
        raise ConfigError(f"{target} is neither a script (.py), a notebook (.ipynb) nor a config (.json, .yaml, .toml)")
    from seedbed.doctor.finding import Severity
    from seedbed.doctor.render import render

    shown = [f for f in findings if hints or f.severity > Severity.HINT]
    click.echo(render(shown, form))
    if note:
        click.echo(note, err=True)
    sys.exit(1 if any(f.severity >= Severity.WARNING for f in findings) else code)


def _late_format(form: str, args: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """``--format`` may also stand behind the script, where most people type it."""
    left = list(args)
    if "--format" in left[:-1] and "--" not in left:
        at = left.index("--format")
        if left[at + 1] in ("text", "json", "sarif", "github"):
            form = left[at + 1]
            del left[at : at + 2]
    return form, tuple(a for a in left if a != "--")


def _tell(seen: Observation) -> str:
    lines = []
    if seen.crashed:
        lines.append(f"the script itself failed: {seen.crashed}")
    if seen.stopped:
        lines.append(f"the script was {seen.stopped}; findings cover what ran until then (--seconds 0 runs to the end)")
    if seen.failures:
        lines.append(f"{len(seen.failures)} observation(s) of the doctor failed; the script was not affected")
    return "\n".join(lines)

"""``seedbed check PATH…``: finds silent training mistakes by reading code."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("check", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif", "github"]),
              show_default="text", help="How findings are printed.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--select", help="Only these checks: codes, names or prefixes (SB1), separated by commas.")
@click.option("--ignore", help="All but these checks: codes, names or prefixes, separated by commas.")
def command(paths: tuple[Path, ...], form: str | None, as_json: bool, select: str | None, ignore: str | None) -> None:
    """Find silent training mistakes in scripts, notebooks and packages. Nothing is imported or run.

    Exit code 0: nothing found at warning or above; 1: findings; 2: wrong use, or a named file cannot be read.
    """
    from seedbed.doctor.finding import Severity
    from seedbed.doctor.render import render
    from seedbed.doctor.static.engine import check_paths
    from seedbed.doctor.static.files import Problem, find_files
    from seedbed.doctor.static.settings import read_settings
    from seedbed.doctor.static.spreading import usable_cores
    from seedbed.errors import ConfigError

    if as_json and form not in (None, "json"):
        raise ConfigError(f"--json and --format {form} ask for two forms at once; give one of them")
    only = read_settings(paths).chosen(select, ignore)
    problems: list[Problem] = []
    findings = check_paths(paths, problems, only, usable_cores())
    for problem in problems:
        click.echo(f"{'note' if problem.kind == 'note' else 'skipped'}: {problem}", err=True)
    skipped = [p for p in problems if p.kind != "note"]
    unread = {p.path for p in skipped if p.kind == "file"}
    nothing = bool(unread) and unread.issuperset(find_files(paths))
    click.echo(render(findings, "json" if as_json else form or "text", skipped, nothing))
    if any(f.severity >= Severity.WARNING for f in findings):
        sys.exit(1)
    if nothing or any(p.named for p in skipped if p.kind == "file"):
        sys.exit(2)

"""The ``seedbed`` command: a table of subcommands, each imported only when it is used.

``seedbed --help`` reads the table alone, so it loads neither torch nor pydantic nor rich.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from seedbed.errors import SeedbedError
from seedbed.quick import quick_exit

# command: (module that defines it as `command`, line shown in `seedbed --help`)
COMMANDS: dict[str, tuple[str, str]] = {
    "train": ("seedbed.cli.train", "Train a recipe or a config; go on with it after a stop."),
    "new": ("seedbed.cli.new", "Make a project folder that trains at once."),
    "recipes": ("seedbed.cli.recipes", "List the built-in recipes with their measured results."),
    "resume": ("seedbed.cli.resume", "Go on with a run that was stopped."),
    "test": ("seedbed.cli.test", "Evaluate a run's best weights on its test data."),
    "predict": ("seedbed.cli.predict", "Predict for files with a run's best weights."),
    "reproduce": ("seedbed.cli.reproduce", "Train a run again and compare every update: a verdict."),
    "diff": ("seedbed.cli.diff", "Where two runs part, and what was first."),
    "verify-resume": ("seedbed.cli.verify_resume", "Kill a training again and again: is the result the same?"),
    "seeds": ("seedbed.cli.seeds", "Train under many seeds: mean, spread, interval; compare two configs."),
    "runs": ("seedbed.cli.runs", "List runs with their results."),
    "bench": ("seedbed.cli.bench", "Measure seedbed beside a hand-written loop, the floor and other trainers."),
    "summary": ("seedbed.cli.summary", "Layers, shapes, parameters and memory of a config's model."),
    "config": ("seedbed.cli.config", "Show, describe or convert a config."),
    "check": ("seedbed.cli.check", "Find silent training mistakes by reading code; nothing is run."),
    "doctor": ("seedbed.cli.doctor", "Run a script or a config under observation and report silent mistakes."),
    "explain": ("seedbed.cli.explain", "Print the page of a check: what it finds, why, and the cure."),
}


class LazyGroup(click.Group):
    """A click group whose subcommands are imported when they are called for, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " See: seedbed --help"
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="seedbed")
def cli() -> None:
    """Train PyTorch models from one config: reproducible, checked, never lost, fast."""


def main(argv: list[str] | None = None) -> Any:
    """Run the command line; a user's mistake becomes one sentence on stderr and an exit code.

    Args:
        argv: The arguments; those of the process if absent, which then ends here.
    """
    code: str | int | None = 0
    try:
        cli.main(args=argv, prog_name="seedbed", standalone_mode=True)
    except SeedbedError as error:
        click.echo(f"error: {error}", err=True)
        code = error.exit_code
    except SystemExit as end:
        code = end.code
    if argv is None and isinstance(code, int | None):
        quick_exit(code or 0)
    sys.exit(code)

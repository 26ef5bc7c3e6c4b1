"""The page of the command line, made from the commands themselves: ``python -m seedbed.cli.reference``."""

from __future__ import annotations

import click

from seedbed.cli.main import COMMANDS, cli

INTRO = """# Command line

Made by `python -m seedbed.cli.reference`; a test compares. Exit codes: 0 fine, 1 the work failed or there are findings,
2 wrong use, 130 interrupted and saved.
"""


def make_page() -> str:
    """The whole page: every command with its help, as Markdown."""
    parent = click.Context(cli, info_name="seedbed")
    parts = [INTRO]
    for name in COMMANDS:
        command = cli.get_command(parent, name)
        assert command is not None, name
        parts += describe(command, name, parent, "##")
    return "\n".join(parts)


def describe(command: click.Command, name: str, parent: click.Context, heading: str) -> list[str]:
    """A command's section, and its subcommands' below it."""
    # a command remembers the help option of the first context that asked, which may have been somebody else's
    if hasattr(command, "_help_option"):
        command._help_option = None
    names = ["-h", "--help"]
    context = click.Context(
        command, info_name=name, parent=parent, terminal_width=100, max_content_width=100, help_option_names=names
    )
    parts = [f"{heading} {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None, inner
            parts += describe(found, inner, context, heading + "#")
    return parts


if __name__ == "__main__":
    print(make_page(), end="")

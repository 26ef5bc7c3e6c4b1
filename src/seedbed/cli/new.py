"""``seedbed new``: a project folder that trains at once. No torch."""

from __future__ import annotations

from pathlib import Path

import click

from seedbed.cli.output import print_json


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=click.Path(path_type=Path))
@click.option("-t", "--template", default="image", show_default=True, metavar="NAME",
              help="image, tabular, text, series or blank.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(name: Path, template: str, as_json: bool) -> None:
    """Make the project folder NAME: config.json, model.py, data.py, train.py, tests, README.md and .gitignore.

    It trains at once, and its tests pass.
    """
    from seedbed.scaffold.new import new_project

    files = new_project(name, template)
    if as_json:
        print_json({"project": str(name), "template": template, "files": [str(path) for path in files]})
        return
    click.echo(f"made {name} ({len(files)} files, template {template}). Next:")
    click.echo(f"  cd {name}\n  seedbed train -c config.json")

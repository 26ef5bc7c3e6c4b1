"""``seedbed config``: show a resolved config, print its JSON Schema, convert one to our form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from seedbed.config.load import LoadedConfig


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Show, describe or convert a config; nothing is trained."""


@command.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("config", metavar="CONFIG")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--check", is_flag=True, help="Also look up every type and check its arguments (loads torch).")
@click.option("--allow", multiple=True, metavar="PREFIX", help="One more prefix that dotted paths may have.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: config, origins, notes.")
def show(config: str, overrides: tuple[str, ...], check: bool, allow: tuple[str, ...], as_json: bool) -> None:
    """Print every value of CONFIG (a file or a recipe) and where it came from."""
    loaded = _load(find_source(config), overrides, check, allow)
    _print_notes(loaded.notes)
    origins = {key: str(origin) for key, origin in loaded.origins.items()}
    if as_json:
        values = loaded.config.model_dump(mode="json")
        click.echo(json.dumps({"config": values, "origins": origins, "notes": loaded.notes}, ensure_ascii=False))
        return
    for line in format_values(loaded.config.model_dump(mode="json"), origins):
        click.echo(line)


@command.command(context_settings={"help_option_names": ["-h", "--help"]})
def schema() -> None:
    """Print the JSON Schema of a config, for editors that complete and check while you type."""
    from seedbed.config.reference import make_schema

    click.echo(json.dumps(make_schema(), indent=2))


@command.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", metavar="FILE")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--to", "syntax", type=click.Choice(["json", "yaml", "toml"]), default="json", help="Form to write.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; stdout if absent."
)
def convert(file: str, overrides: tuple[str, ...], syntax: str, output: Path | None) -> None:
    """Write FILE (ours, pytorch-template's or Hydra's) in our form; notes go to stderr."""
    from seedbed.config.dump import dump
    from seedbed.errors import ConfigError

    loaded = _load(find_source(file), overrides, False, ())
    _print_notes(loaded.notes)
    text = dump(loaded.tree.values, syntax)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigError(f"{output}: the file exists; remove it or choose another name") from None
    except OSError as error:
        raise ConfigError(f"{output}: the file cannot be written: {error.strerror}") from None


def find_source(name: str) -> Path:
    """The file of a config, or that of the built-in recipe of this name."""
    from seedbed.recipes.catalog import find_recipe

    path = Path(name)
    return path if path.suffix or path.exists() or len(path.parts) != 1 else find_recipe(name)


def format_values(values: dict[str, Any], origins: dict[str, str]) -> list[str]:
    """One line per value: path, value, origin, in columns."""
    from seedbed.config.tree import format_keys, iterate_leaves

    rows = [(format_keys(keys), json.dumps(value, ensure_ascii=False)) for keys, value in iterate_leaves(values)]
    first = max(len(key) for key, _ in rows)
    second = min(max(len(value) for _, value in rows), 40)
    return [f"{key:<{first}}  {value:<{second}}  {origins[key]}" for key, value in rows]


def _load(source: Path, overrides: tuple[str, ...], check: bool, allow: tuple[str, ...]) -> LoadedConfig:
    if check:
        from seedbed.parts import load

        return load(source, overrides, allow=allow)
    from seedbed.config.load import load_config

    return load_config(source, overrides)


def _print_notes(notes: list[str]) -> None:
    for note in notes:
        click.echo(f"note: {note}", err=True)

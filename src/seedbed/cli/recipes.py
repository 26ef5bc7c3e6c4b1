"""``seedbed recipes``: the built-in recipes with what each shows and its measured result. No torch."""

from __future__ import annotations

from dataclasses import asdict

import click

from seedbed.cli.output import print_json


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """List the built-in recipes; `seedbed train NAME` runs one."""
    from seedbed.recipes.catalog import list_recipes

    recipes = list_recipes()
    if as_json:
        print_json({"recipes": [{**asdict(recipe), "config": str(recipe.config)} for recipe in recipes]})
        return
    width = max(len(recipe.name) for recipe in recipes)
    for recipe in recipes:
        click.echo(f"{recipe.name:{width}}  {recipe.shows}")
        click.echo(f"{'':{width}}  measured: {recipe.result}")

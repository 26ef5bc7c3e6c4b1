"""The data: a CSV or Parquet file, one row a sample."""

from __future__ import annotations

from pathlib import Path

from seedbed.data.datasets.table import Table


def load_table(*, file: str = "data/crops.csv", target: str = "yield_t"):
    """Every column but the target is a feature; columns of text become one feature for each of their values.

    ``crops.csv`` is made up: 600 fields with soil, weather and fertiliser, and the harvest that a formula with noise
    gave them. Put your own file beside it and say ``data.args.file`` and ``data.args.target``.
    """
    return Table(path=str(Path(__file__).parent / file), target=target)

"""Tables as columns: reading CSV and Parquet, and what type a column has."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from seedbed.errors import ConfigError, DataError, require

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})


@dataclass(frozen=True)
class Column:
    """One column: its texts as they are in the file, None where missing, and its numbers where all are numbers."""

    name: str
    texts: list[str | None]
    numbers: npt.NDArray[np.float64] | None

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        return np.asarray([text is None for text in self.texts])

    def values(self) -> npt.NDArray[Any]:
        """Numbers, or texts with missing ones empty: for splitting by this column."""
        return self.numbers if self.numbers is not None else np.asarray([text or "" for text in self.texts])


def read_columns(path: str, *, delimiter: str | None = None, encoding: str = "utf-8") -> dict[str, Column]:
    """The columns of a CSV or Parquet file.

    Args:
        path: The file; ``.parquet`` and ``.pq`` are Parquet, anything else is CSV with a header line.
        delimiter: Of the CSV; found out among ``, ; tab |`` if absent.
        encoding: Of the CSV.

    Raises:
        DataError: The file is missing, empty, or a row has the wrong number of fields.
    """
    file = Path(path).expanduser()
    if file.suffix.lower() in {".parquet", ".pq"}:
        return _read_parquet(file)
    try:
        text = file.read_text(encoding=encoding.replace("utf-8", "utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not {encoding} text (byte {error.start}); say encoding='latin-1' or convert it"
        ) from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except LookupError as error:
        raise ConfigError(f"encoding {encoding!r} is unknown; try 'utf-8'") from error
    first, _, _ = text.partition("\n")
    delimiter = delimiter or max(",;\t|", key=first.count)
    try:
        reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
        header = [name.strip() for name in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise DataError(f"{path} is not a CSV file: {error}") from error
    if not header or not rows:
        raise DataError(f"{path} has {'a header but no rows' if header else 'no header line'}")
    if len(set(header)) != len(header) or "" in header:
        raise DataError(f"{path}: column names must be there and differ; the header is {header}")
    for line, row in rows:
        if len(row) != len(header):
            raise DataError(f"{path}, line {line}: {len(row)} fields, but the header has {len(header)}")
    texts = [[_clean(row[place]) for _, row in rows] for place in range(len(header))]
    return {name: make_column(name, column) for name, column in zip(header, texts, strict=True)}


def make_column(name: str, texts: list[str | None]) -> Column:
    """A column of texts; numbers too where every text that is there is a finite number."""
    try:
        numbers = np.asarray([np.nan if text is None else float(text) for text in texts])
    except ValueError:
        return Column(name, texts, None)
    given = np.asarray([text is not None for text in texts])
    return Column(name, texts, numbers if given.any() and np.isfinite(numbers[given]).all() else None)


def parse_times(column: Column, path: str, time_format: str | None = None) -> npt.NDArray[np.float64]:
    """Seconds since 1970 of a column of dates (ISO 8601, or ``time_format`` as in ``strptime``); numbers stay.

    Raises:
        DataError: A value is missing or is no date.
    """
    if column.numbers is not None and not column.missing.any() and time_format is None:
        return column.numbers
    seconds = np.empty(len(column.texts))
    epoch = datetime(1970, 1, 1)
    for row, text in enumerate(column.texts):
        try:
            moment = datetime.strptime(text or "", time_format) if time_format else datetime.fromisoformat(text or "")
        except ValueError as error:
            raise DataError(
                f"{path}, row {row + 1}, column {column.name!r}: {text!r} is not a date"
                f"{f' of the form {time_format}' if time_format else ''}; give time_format='%d.%m.%Y' or the like"
            ) from error
        seconds[row] = moment.timestamp() if moment.tzinfo else (moment - epoch).total_seconds()
    return seconds


def _clean(text: str) -> str | None:
    text = text.strip()
    return None if text.lower() in MISSING else text


def _read_parquet(file: Path) -> dict[str, Column]:
    parquet: Any = require("pyarrow.parquet", "data", "reading Parquet")
    try:
        table = parquet.read_table(file)
    except FileNotFoundError as error:
        raise DataError(f"cannot read {file}: no such file") from error
    except Exception as error:  # pyarrow has its own tree of exceptions, which needs pyarrow to name
        raise DataError(f"{file} is not a Parquet file: {error}") from error
    if not table.num_rows:
        raise DataError(f"{file} has no rows")
    return {name: make_column(name, [_text(v) for v in table[name].to_pylist()]) for name in table.column_names}


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(int(value))
    return _clean(str(value))

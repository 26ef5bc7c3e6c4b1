"""Tables: numeric columns as they are, text columns as categories, everything learned from the training rows only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seedbed.data.datasets.columns import Column, parse_times, read_columns
from seedbed.data.samples import Samples, TensorSamples
from seedbed.data.source import Source
from seedbed.errors import ConfigError, DataError

ENCODINGS = ("onehot", "ordinal")
POLICIES = ("error", "mean", "drop")
Floats = npt.NDArray[np.float64]


def Table(
    *,
    path: str,
    target: str,
    task: Literal["auto", "classification", "regression"] = "auto",
    features: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    encode: Literal["onehot", "ordinal"] = "onehot",
    missing: Literal["error", "mean", "drop"] = "error",
    time_column: str | None = None,
    time_format: str | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8",
) -> Source:
    """A CSV or Parquet file: one row a sample, one column the target.

    A column of numbers is one feature. A column of texts, or one named in ``categorical``, is a category: one feature
    per value seen in the training rows (``onehot``; other values are all zero), or its number among them
    (``ordinal``; other values are -1). Every column can be named as ``split_column``.

    Args:
        path: ``.parquet`` or ``.pq`` is Parquet, anything else is CSV with a header line.
        target: Column to predict.
        task: ``auto`` is classification for a target of texts or of few whole numbers, else regression.
        features: Columns to use; all but target, time column and ``drop`` if absent.
        drop: Columns to leave out.
        categorical: Columns of numbers that are names (postcodes, months).
        encode: How categories become numbers.
        missing: Empty fields are an error, are filled (training mean; a category of its own), or drop the row.
        time_column: Column with each row's time, for ``split_by="time"``; not a feature.
        time_format: Its form as in ``strptime``; ISO 8601 if absent.
        delimiter: Of the CSV; found out if absent.
        encoding: Of the CSV.
    """
    for option, value, choices in (("encode", encode, ENCODINGS), ("missing", missing, POLICIES)):
        if value not in choices:
            raise ConfigError(f"{option} is {value!r}; choose one of {', '.join(choices)}")
    columns = read_columns(path, delimiter=delimiter, encoding=encoding)
    listed = [target, *(features or ()), *drop, *categorical, *([time_column] if time_column else [])]
    for name in listed:
        if name not in columns:
            raise DataError(f"{path} has no column {name!r}; it has: {', '.join(columns)}")
    left_out = {target, time_column, *drop}
    used = [columns[name] for name in (features or [name for name in columns if name not in left_out])]
    if not used or target in {column.name for column in used}:
        raise ConfigError(f"features must name at least one column and not the target {target!r}")
    kept = keep_rows(path, columns[target], used, missing)
    facts = {name: column.values()[kept] for name, column in columns.items()}
    if time_column:
        facts[time_column] = parse_times(columns[time_column], path, time_format)[kept]
    values, target_info = encode_target(columns[target], task, path)
    raw = TensorSamples(torch.from_numpy(kept), values[torch.from_numpy(kept)], kept, columns=facts, name=path)

    encoder = TableEncoder(used, raw, frozenset(categorical), encode, target_info)
    return Source(name=Path(path).name, train=raw, info={**target_info, "target_name": target}, encode=encoder)


@dataclass(frozen=True)
class TableEncoder:
    """Turns the splits of a table into features, once it is known which rows are for training."""

    used: Sequence[Column]
    raw: TensorSamples
    categorical: frozenset[str]
    encode: str
    target_info: dict[str, Any]

    def __call__(
        self, train: Samples, val: Samples | None, test: Samples | None
    ) -> tuple[Samples, Samples | None, Samples | None, dict[str, Any]]:
        """The three splits with features, and the info with ``feature_names`` and ``encoding`` (plain data)."""
        assert isinstance(train, TensorSamples)
        learned = [learn_column(c, train.ids, c.name in self.categorical, self.encode) for c in self.used]
        matrix = encode_columns(self.used, learned, self.raw.name)[torch.from_numpy(self.raw.ids)]
        names = [feature for column in learned for feature in feature_names(column)]
        info = {**self.target_info, "input_shape": [len(names)], "feature_names": names, "encoding": learned}

        def encoded(part: Samples) -> TensorSamples:
            assert isinstance(part, TensorSamples)
            rows, columns = part.rows, part.columns
            return TensorSamples(matrix, self.raw.targets, part.ids, rows=rows, columns=columns, name=self.raw.name)

        splits = [None if part is None else encoded(part) for part in (val, test)]
        return encoded(train), splits[0], splits[1], info


def keep_rows(path: str, target: Column, used: Sequence[Column], missing: str) -> npt.NDArray[np.int64]:
    """Rows to use under the policy for missing values; a row without its target is an error or dropped."""
    bad = np.zeros(len(target.texts), dtype=bool)
    for column in (target, *used):
        absent = column.missing
        if absent.any() and (missing == "error" or (missing == "mean" and column is target)):
            row, count = int(np.argmax(absent)) + 1, int(absent.sum())
            raise DataError(
                f"{path}, row {row}, column {column.name!r}: the value is missing ({count} in this column); "
                "say missing='mean' to fill or missing='drop' to leave such rows out"
            )
        if missing == "drop":
            bad |= absent
    if bad.all():
        raise DataError(f"{path}: every row has a missing value, so missing='drop' leaves none")
    return np.flatnonzero(~bad).astype(np.int64)


def encode_target(column: Column, task: str, path: str) -> tuple[Tensor, dict[str, Any]]:
    """The target as a tensor, and what it is. Classes are sorted; they are known by name, so all rows may say them."""
    numbers = column.numbers
    if task not in ("auto", "classification", "regression"):
        raise ConfigError(f"task is {task!r}; choose auto, classification or regression")
    if task == "auto":
        given = None if numbers is None else numbers[~np.isnan(numbers)]
        few = given is not None and (given == given.round()).all() and len(np.unique(given)) <= 20
        task = "classification" if given is None or few else "regression"
    if task == "regression":
        if numbers is None:
            row, text = next((r, t) for r, t in enumerate(column.texts) if t is not None and not _is_number(t))
            raise DataError(f"{path}, row {row + 1}, column {column.name!r}: {text!r} is not a number")
        return torch.from_numpy(numbers.astype(np.float32)), {"task": "regression", "num_outputs": 1}
    names = _categories(column, np.arange(len(column.texts)))
    place = {name: number for number, name in enumerate(names)}
    codes = [-1 if key is None else place[key] for key in _keys(column)]
    info = {"task": "classification", "num_classes": len(names), "class_names": names}
    return torch.tensor(codes, dtype=torch.int64), info


def learn_column(column: Column, rows: npt.NDArray[np.int64], as_category: bool, encode: str) -> dict[str, Any]:
    """What a column needs to become features, from the training rows: plain data that a checkpoint can keep."""
    if column.numbers is not None and not as_category:
        given = column.numbers[rows]
        given = given[~np.isnan(given)]
        return {"name": column.name, "kind": "number", "fill": float(given.mean()) if len(given) else 0.0}
    categories = _categories(column, rows)
    has_missing = bool(column.missing[rows].any())
    return {"name": column.name, "kind": encode, "categories": categories, "missing": has_missing}


def feature_names(learned: dict[str, Any]) -> list[str]:
    """Names of the features that a column becomes."""
    if learned["kind"] != "onehot":
        return [learned["name"]]
    names = [f"{learned['name']}={category}" for category in learned["categories"]]
    return [*names, f"{learned['name']}=missing"] if learned["missing"] else names


def encode_columns(columns: Sequence[Column], learned: Sequence[dict[str, Any]], path: str) -> Tensor:
    """All rows as features, float32, shape (rows, features)."""
    parts: list[Floats] = []
    for column, facts in zip(columns, learned, strict=True):
        if facts["kind"] == "number":
            if column.numbers is None:
                raise DataError(f"{path}: column {column.name!r} was a number in training and is text here")
            parts.append(np.where(np.isnan(column.numbers), facts["fill"], column.numbers)[:, None])
            continue
        names = facts["categories"]
        place: dict[str | None, int] = {name: number for number, name in enumerate(names)}
        if facts["missing"]:
            place[None] = len(names)
        codes = np.asarray([place.get(key, -1) for key in _keys(column)])
        if facts["kind"] == "ordinal":
            parts.append(codes[:, None].astype(np.float64))
        else:
            parts.append((codes[:, None] == np.arange(len(place))).astype(np.float64))
    return torch.from_numpy(np.concatenate(parts, axis=1).astype(np.float32))


def read_rows(path: str, learned: Sequence[dict[str, Any]], *, delimiter: str | None = None) -> Tensor:
    """The features of a new file, encoded as the training rows were (``info["encoding"]``), for prediction.

    Raises:
        DataError: A column is missing or has another type.
    """
    columns = read_columns(path, delimiter=delimiter)
    for facts in learned:
        if facts["name"] not in columns:
            raise DataError(f"{path} has no column {facts['name']!r}, which training used")
    return encode_columns([columns[facts["name"]] for facts in learned], learned, path)


def _categories(column: Column, rows: npt.NDArray[np.int64]) -> list[str]:
    keys = _keys(column)
    found = {key for key in (keys[row] for row in rows.tolist()) if key is not None}
    return sorted(found, key=float) if column.numbers is not None else sorted(found)


def _keys(column: Column) -> list[str | None]:
    """One name per value: texts as they are, numbers in one form (``1`` and ``1.0`` are the same)."""
    if column.numbers is None:
        return column.texts
    return [None if np.isnan(number) else f"{number:.15g}" for number in column.numbers.tolist()]


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False

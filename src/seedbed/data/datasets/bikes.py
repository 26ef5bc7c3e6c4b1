"""Hourly demand for hired bicycles (Fanaee-T and Gama, 2013; UCI data set 275, from Capital Bikeshare)."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from seedbed.data.datasets.columns import Column, read_columns
from seedbed.data.samples import TensorSamples
from seedbed.data.source import Source
from seedbed.errors import DataError

Floats = npt.NDArray[np.float64]


def Bikes(*, path: str | None = None, val_days: int = 30, test_days: int = 60, scale: float = 100.0) -> Source:
    """Hired bicycles per hour in Washington, 2011 and 2012, from the calendar and the weather.

    Rows are put into the order of time, since the file's is random. The last ``test_days`` days are the test split
    and the ``val_days`` before them the validation split, as in a forecast. ``casual`` and ``registered`` add up to
    the target and are left out. Hour, weekday and day of the year are points on a circle.

    Args:
        path: The CSV file; ``$SEEDBED_DATA/tabular/bike-sharing-hourly.csv`` if absent.
        val_days: Days of the validation split; 0 for none.
        test_days: Days of the test split; 0 for none.
        scale: The target is bicycles divided by this.
    """
    path = path or _default_path()
    columns = read_columns(path)
    needed = ("dteday", "hr", "holiday", "workingday", "weathersit", "temp", "atemp", "hum", "windspeed", "cnt")
    for name in needed:
        if name not in columns:
            raise DataError(f"{path} has no column {name!r}; is it the hourly bike-sharing table?")
    days = _days(columns["dteday"], path)
    hours = _hours(columns["hr"], path)
    order = np.lexsort((hours, days)).astype(np.int64)
    features = _features(columns, days, hours, path)
    names = list(features)
    inputs = np.stack([features[name] for name in names], axis=1)[order]
    targets = _numbers(columns["cnt"], path)[order] / scale
    every = TensorSamples(
        torch.from_numpy(inputs.astype(np.float32)),
        torch.from_numpy(targets.astype(np.float32)),
        order,
        columns={"time": (days * 24.0 + hours)[order], "day": days[order]},
        name="Bikes",
    )
    last = int(days.max())
    ordered_days = days[order]
    if last - int(days.min()) <= val_days + test_days:
        raise DataError(f"val_days={val_days} and test_days={test_days} leave no day to train on")
    in_test = ordered_days > last - test_days
    in_val = (ordered_days > last - test_days - val_days) & ~in_test
    parts = [np.flatnonzero(rows).astype(np.int64) for rows in (~in_test & ~in_val, in_val, in_test)]
    info = {
        "task": "regression",
        "num_outputs": 1,
        "feature_names": names,
        "target_name": f"bicycles per hour / {scale:g}",
        "target_scale": scale,
        "input_shape": [len(names)],
    }
    return Source(
        name="Bikes",
        train=every.subset(parts[0]),
        val=every.subset(parts[1]) if val_days else None,
        test=every.subset(parts[2]) if test_days else None,
        info=info,
    )


def _default_path() -> str:
    folder = os.environ.get("SEEDBED_DATA")
    path = Path(folder or ".") / "tabular" / "bike-sharing-hourly.csv"
    if not folder or not path.is_file():
        where = f"{path} does not exist" if folder else "SEEDBED_DATA is not set"
        raise DataError(
            f"Bikes: {where}; say data.args.path=FILE (the hourly bike-sharing table as CSV, UCI data set 275)"
        )
    return str(path)


def _features(columns: dict[str, Column], days: Floats, hours: Floats, path: str) -> dict[str, Floats]:
    day_of_year = np.asarray([date.fromordinal(int(day)).timetuple().tm_yday for day in days], dtype=np.float64)
    weekday = (days - 1) % 7  # ordinal 1 was a Monday; the file's own weekday has gaps
    features: dict[str, Floats] = {"days": (days - days.min()) / 365.0}
    for name, value, period in (("hour", hours, 24), ("weekday", weekday, 7), ("year", day_of_year, 365.25)):
        for harmonic in (1, 2) if name == "hour" else (1,):
            angle = 2 * np.pi * harmonic * value / period
            suffix = "" if harmonic == 1 else str(harmonic)
            features[f"{name}_sin{suffix}"], features[f"{name}_cos{suffix}"] = np.sin(angle), np.cos(angle)
    for name, factor in (("temp", 40.0), ("atemp", 50.0), ("hum", 100.0), ("windspeed", 60.0)):
        features[name] = _numbers(columns[name], path) / factor
    for name in ("holiday", "workingday"):
        features[name] = _flags(columns[name])
    # a weather that was not written down is a category of its own
    weather = [text or "unknown" for text in columns["weathersit"].texts]
    for kind in sorted(set(weather)):
        features[f"weather={kind}"] = np.asarray([float(text == kind) for text in weather])
    # demand by the hour differs between working days and others
    for wave in ("hour_sin", "hour_cos", "hour_sin2", "hour_cos2"):
        features[f"{wave}*workingday"] = features[wave] * features["workingday"]
    return features


def _days(column: Column, path: str) -> Floats:
    try:
        return np.asarray(
            [date.fromisoformat((text or "")[:10]).toordinal() for text in column.texts], dtype=np.float64
        )
    except ValueError as error:
        raise DataError(f"{path}, column 'dteday': {error}") from error


def _hours(column: Column, path: str) -> Floats:
    """Hours 0..23 of numbers or of texts such as 12am, 1am, …, 11pm."""
    hours = []
    for row, text in enumerate(column.texts):
        value = (text or "").lower()
        number = value.removesuffix("am").removesuffix("pm")
        hour = int(number) if number.isdigit() else -1
        if value.endswith(("am", "pm")):
            hour = hour % 12 + (12 if value.endswith("pm") else 0) if 1 <= hour <= 12 else -1
        if not 0 <= hour <= 23:
            raise DataError(f"{path}, row {row + 1}, column 'hr': {text!r} is not an hour")
        hours.append(float(hour))
    return np.asarray(hours)


def _numbers(column: Column, path: str) -> Floats:
    if column.numbers is None or column.missing.any():
        row = int(np.argmax(column.missing)) if column.numbers is not None else 0
        raise DataError(f"{path}, row {row + 1}, column {column.name!r}: {column.texts[row]!r} is not a number")
    return column.numbers


def _flags(column: Column) -> Floats:
    return np.asarray(
        [float((text or "").lower() in {"1", "1.0", "yes", "true", "holiday", "working day"}) for text in column.texts]
    )

"""Events in words: what every console shows, each in its own dress. ASCII only, so that it prints everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seedbed.rundir import NON_FINITE

SPLITS = {"": "train", "val_": "validation", "test_": "test"}


def number(value: Any, digits: int = 4) -> str:
    """A number as people want to read it: ``digits`` significant ones, no exponent where it can be helped."""
    if isinstance(value, str):
        return str(NON_FINITE.get(value, value))
    if isinstance(value, int) or value != value or value in (float("inf"), float("-inf")):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 10 ** (digits + 2):
        whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
        return f"{value:,.{max(digits - whole, 0)}f}"
    return f"{value:.{max(digits - 2, 0)}e}"


def rate(value: Any) -> str:
    """A learning rate in at most 8 characters: ``0.1``, ``0.00125``, ``3e-04``, ``9.94e-04``."""
    text = f"{float(value):.3g}"
    if len(text) <= 7:
        return text
    mantissa, _, exponent = f"{float(value):.2e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"


def duration(seconds: float) -> str:
    """``0.8 s``, ``42 s``, ``3:07``, ``1:02:33``."""
    if not seconds < 1e9:
        return "?"
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def is_number(value: Any) -> bool:
    """Whether a metric is a single number (and not a confusion matrix)."""
    return isinstance(value, int | float | str) and not (isinstance(value, str) and value not in NON_FINITE)


def columns(event: Mapping[str, Any]) -> dict[str, str]:
    """The cells of an epoch's line by column, in the order to show them; the most important come first."""
    cells = {"epoch": str(event.get("epoch", "?")), "loss": number(event["loss"]) if "loss" in event else "?"}
    metrics = {name: value for name, value in (event.get("metrics") or {}).items() if is_number(value)}
    for wanted in (True, False):
        for name, value in metrics.items():
            if name.startswith("val_") is wanted and name not in cells:
                cells[name] = number(value)
    if "lr" in event:
        cells["rate"] = rate(event["lr"])
    if "samples_per_second" in event:
        cells["samples/s"] = f"{float(event['samples_per_second']):,.0f}"
    if "seconds" in event:
        cells["time"] = duration(float(event["seconds"]))
    return cells


def epoch_line(event: Mapping[str, Any], epochs: int | None = None) -> str:
    """One line for one epoch, without a terminal."""
    cells = columns(event)
    of = f"/{epochs}" if epochs else ""
    samples, seconds = cells.pop("samples/s", None), cells.pop("time", None)
    parts = [f"epoch {cells.pop('epoch')}{of}"] + [f"{name} {value}" for name, value in cells.items()]
    parts += [f"{samples} samples/s"] if samples else []
    parts += [seconds] if seconds else []
    return "  ".join(parts) + ("  (best)" if event.get("best") else "")


def start_line(event: Mapping[str, Any]) -> str:
    """What is trained, on what, for how long, and where it is written."""
    parts = [str(event[key]) for key in ("name", "model") if event.get(key)]
    parameters, trainable = event.get("parameters"), event.get("trainable")
    if isinstance(parameters, int):
        frozen = isinstance(trainable, int) and trainable != parameters
        parts.append(f"{parameters:,} parameters" + (f" ({trainable:,} trainable)" if frozen else ""))
    if isinstance(event.get("train_samples"), int):
        parts.append(f"{event['train_samples']:,} training samples")
    if event.get("epochs"):
        parts.append(f"{event['epochs']} epochs")
    if event.get("total_steps"):
        parts.append(f"{event['total_steps']:,} updates")
    if event.get("device"):
        parts.append(f"on {event['device']}")
    return ", ".join(parts)


def start_notes(event: Mapping[str, Any]) -> list[str]:
    """What else the start has to tell, a line each; of a longer note its last line, the rest is in the log."""
    notes = [str(note).strip().splitlines() for note in event.get("notes") or ()]
    return [lines[-1].strip() for lines in notes if lines]


def event_line(event: Mapping[str, Any]) -> str | None:
    """The sentence for an event that is told as it is; None for one that is not."""
    kind = event.get("event")
    if kind in ("note", "speed"):
        return str(event.get("text", ""))
    if kind == "resume":
        return f"going on from {event.get('checkpoint', '?')} (step {event.get('step', '?')})"
    if kind == "signal":
        return f"stopping: {event.get('reason', '?')}"
    if kind == "finding":
        return f"{event.get('severity', 'finding')} {event.get('code', '')}: {event.get('message', '')}"
    if kind == "non_finite":
        return f"step {event.get('step', '?')}: the loss is {event.get('loss')}; {event.get('where', '')}"
    return None


@dataclass(frozen=True, slots=True)
class Results:
    """The final table: one row a metric, one column a split; and the sentences under it."""

    splits: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...]


def results(event: Mapping[str, Any]) -> Results:
    """What an ``end`` event says."""
    table: dict[str, dict[str, str]] = {}
    for name, value in (event.get("metrics") or {}).items():
        if is_number(value):
            prefix = next((p for p in ("val_", "test_") if name.startswith(p)), "")
            table.setdefault(name.removeprefix(prefix), {})[prefix] = number(value)
    used = tuple(prefix for prefix in SPLITS if any(prefix in row for row in table.values()))
    rows = tuple((name, *(row.get(prefix, "") for prefix in used)) for name, row in table.items())
    best, sentences = event.get("best"), []
    if isinstance(best, Mapping) and best.get("value") is not None:
        where = f"epoch {best.get('epoch', '?')}, step {best.get('step', '?')}"
        sentences.append(f"best: {best.get('monitor', 'value')} = {number(best['value'])} at {where}")
    status = str(event.get("status", "finished")).replace("_", " ")
    time = f" after {duration(float(event['seconds']))}" if "seconds" in event else ""
    sentences.append(
        f"{status}{time}, {event.get('step', 0):,} updates" + (f": {event['run']}" if "run" in event else "")
    )
    return Results(tuple(SPLITS[prefix] for prefix in used), rows, tuple(sentences))


def plain_table(table: Results) -> list[str]:
    """The results as aligned lines of text."""
    if not table.rows:
        return []
    cells = [("", *table.splits), *table.rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return [_align(row, widths) for row in cells]


def _align(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *rest]).rstrip()

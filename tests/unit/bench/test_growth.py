"""Growth is measured at several sizes, told as an exponent, and drawn."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.bench import growth_files
from seedbed.bench.chart import decades, draw
from seedbed.bench.growth import CURVES, measure_growth, steepness
from seedbed.bench.growth_page import charts, report
from seedbed.bench.growth_training import mlp, num_steps
from seedbed.errors import ConfigError
from seedbed.report.reader import read_run
from seedbed.rundir import read_events

SVG = "{http://www.w3.org/2000/svg}"


@given(st.floats(-2, 2), st.floats(0.1, 10))
def test_the_steepness_of_a_power_law_is_its_exponent(power: float, factor: float) -> None:
    points = [(x, {"y": factor * x**power}) for x in (1.0, 10.0, 300.0)]
    assert steepness(points, "y") == pytest.approx(power, abs=1e-9)


def test_the_end_of_a_curve_is_what_counts_and_zeros_are_no_points() -> None:
    assert steepness([(1, {"y": 5.0}), (10, {"y": 1.0}), (100, {"y": 10.0})], "y") == pytest.approx(1)
    assert steepness([(1, {"y": 5.0}), (10, {"y": 0.0})], "y") is None


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_curve_is_measured_at_every_size(curve: object, tmp_path: Path) -> None:
    name = curve.name  # type: ignore[attr-defined]
    data = measure_growth(tiny=True, names=[name])
    (found,) = data["curves"]
    assert [point["x"] for point in found["points"]] == list(curve.small)  # type: ignore[attr-defined]
    assert all(value >= 0 for point in found["points"] for value in point["values"].values())
    assert set(found["expected"]) <= set(found["points"][0]["values"])
    page = report(data, "growth-")
    assert f"![{found['title']}](growth-{name}.svg)" in page
    assert "| grows as x to the power of |" in page
    ET.fromstring(charts(data)[name])


def test_an_unknown_curve_is_refused_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match="no curve 'weight'; choose from parameters"):
        measure_growth(names=["weight"])


def test_what_grows_too_fast_is_said() -> None:
    curve = {
        "name": "runs", "title": "t", "x": "runs", "y": "a folder", "expected": {"ms": 1.0, "MB": 0.0},
        "points": [{"x": 10.0, "values": {"ms": 1.0, "MB": 2.0}}, {"x": 100.0, "values": {"ms": 100.0, "MB": 2.0}}],
        "steepness": {"ms": 2.0, "MB": 0.0},
    }  # fmt: skip
    about = measure_growth(tiny=True, names=["runs"])["about"]
    page = report({"about": about, "notes": [], "curves": [curve]})
    assert "| 2.00 (should be at most 1) | 0.00 |" in page


def test_the_events_that_are_read_are_like_those_of_runs(tmp_path: Path) -> None:
    run = growth_files.make_run(tmp_path / "r")
    run.events.write_bytes(b"".join(growth_files.to_json(event) + b"\n" for event in growth_files.events(100)))
    row = read_run(run)
    assert (row.status, row.step, row.epoch) == ("finished", 100, 5)
    assert len(list(read_events(run.events))) == 100


@pytest.mark.parametrize("count", [1_000, 100_000, 10_000_000])
def test_a_network_has_about_as_many_weights_as_asked_for(count: int) -> None:
    assert sum(p.numel() for p in mlp(count).parameters()) == pytest.approx(count, rel=0.1)


def test_large_work_gets_fewer_updates() -> None:
    assert (num_steps(1), num_steps(1e8), num_steps(1e15)) == (400, 20, 6)


def test_a_chart_has_every_line_inside_its_frame() -> None:
    tree = ET.fromstring(draw("a < b", "x", "y", {"one": [(1, 1), (10, 100)], "two": [(5, 3), (1000, 0)]}))
    dots = tree.findall(f"{SVG}circle")
    assert len(dots) == 3  # what is 0 has no place on a logarithmic axis
    assert all(0 < float(dot.attrib["cx"]) < 640 and 0 < float(dot.attrib["cy"]) < 360 for dot in dots)
    assert [line.text for line in tree.findall(f"{SVG}text")][-2:] == ["one", "two"]
    assert tree.findtext(f"{SVG}title") == "a < b"
    ET.fromstring(draw("nothing", "x", "y", {}))


@given(st.lists(st.floats(1e-6, 1e9), min_size=1))
def test_an_axis_holds_all_its_values(values: list[float]) -> None:
    axis = decades(values)
    assert 10.0 ** axis[0] <= min(values) * (1 + 1e-12)
    assert max(values) <= 10.0 ** axis[-1] * (1 + 1e-12)
    assert len(axis) >= 2

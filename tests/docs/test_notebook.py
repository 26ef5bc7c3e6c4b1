"""The notebook runs from top to bottom, and shows what its words say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "quickstart.ipynb"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The text that each code cell shows."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    if not PAGE.exists():
        pytest.skip("the docs folder is not beside the tests")
    notebook = nbformat.read(PAGE, as_version=4)
    folder = str(tmp_path_factory.mktemp("notebook"))
    nbclient.NotebookClient(notebook, timeout=250, resources={"metadata": {"path": folder}}).execute()
    return [show(cell) for cell in notebook.cells if cell.cell_type == "code"]


def show(cell: Any) -> str:
    parts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    parts += [output.get("data", {}).get("text/html", "") for output in cell.outputs]
    return "\n".join(parts)


pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def test_fit_shows_its_epochs_and_learns(outputs: list[str]) -> None:
    assert "15/15" in outputs[2] or "epoch 15" in outputs[2] or "val_accuracy" in outputs[2]
    line = next(line for line in outputs[2].splitlines() if line.startswith("('finished'"))
    assert float(line.strip("()").split(",")[1]) > 0.9


def test_the_log_is_read_and_the_corners_are_predicted(outputs: list[str]) -> None:
    assert "(1, " in outputs[3]
    assert "(11, " in outputs[3]
    assert "[1, 0]" in outputs[4]


def test_the_same_seed_gives_the_same_weights(outputs: list[str]) -> None:
    assert "True" in outputs[5]


def test_the_notebook_is_saved_without_outputs() -> None:
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(PAGE, as_version=4)
    assert not [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]

"""The console in a notebook."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed.tracking.notebook import MOST_EPOCHS, Block, Notebook


class FakeHandle:
    def __init__(self) -> None:
        self.blocks: list[Block] = []

    def update(self, block: Block) -> None:
        self.blocks.append(block)


@pytest.fixture
def shown(clock: Any) -> tuple[Notebook, FakeHandle]:
    notebook, handle = Notebook(clock=clock), FakeHandle()

    def display(block: Block, display_id: bool) -> FakeHandle:
        handle.update(block)
        return handle

    notebook._display = display
    return notebook, handle


def test_one_block_shows_the_run(
    shown: tuple[Notebook, FakeHandle], events: list[dict[str, Any]], make_record: Any
) -> None:
    notebook, handle = shown
    for event in events[:5]:
        notebook.write(event)
    notebook.tick(make_record(12, loss=0.75), 20)
    running = handle.blocks[-1]._repr_html_()
    assert '<progress value="12" max="20">' in running
    assert "loss 0.7500" in running
    for event in events[5:]:
        notebook.write(event)
    notebook.close()
    ended = handle.blocks[-1]
    assert "<progress" not in ended._repr_html_()
    assert "<td>0.9500</td>" in ended._repr_html_()
    assert "epoch 2/2  loss 0.5000" in repr(ended)
    assert "best: min val_loss" in repr(ended)


def test_text_from_outside_is_escaped(shown: tuple[Notebook, FakeHandle]) -> None:
    notebook, handle = shown
    notebook.write({"event": "note", "text": "<script>alert(1)</script>"})
    assert "<script>" not in handle.blocks[-1]._repr_html_()


def test_it_updates_at_most_twice_a_second(
    shown: tuple[Notebook, FakeHandle], make_record: Any, clock: Any, events: list[dict[str, Any]]
) -> None:
    notebook, handle = shown
    for step in range(1, 41):
        clock.now = step / 10
        notebook.tick(make_record(step), 40)
        notebook.write(events[3])
    assert len(handle.blocks) <= 9
    notebook.close()
    assert len(notebook._events) == 40


def test_a_long_run_shows_its_last_epochs(shown: tuple[Notebook, FakeHandle], events: list[dict[str, Any]]) -> None:
    notebook, _ = shown
    for epoch in range(MOST_EPOCHS + 5):
        notebook.write({**events[3], "epoch": epoch})
    assert "5 earlier epochs are not shown" in notebook.markup()
    assert notebook.markup().count("<tr>") == MOST_EPOCHS + 1


def test_it_displays_through_ipython(capsys: pytest.CaptureFixture[str], events: list[dict[str, Any]]) -> None:
    notebook = Notebook()
    notebook.write(events[0])
    notebook.close()
    assert "4,810 parameters" in capsys.readouterr().out

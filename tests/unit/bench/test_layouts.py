"""The table of memory layouts has a row for every net, and its nets are what they say."""

from __future__ import annotations

import pytest
import torch

from seedbed.bench import layouts


def test_every_net_has_a_row(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "ratio", lambda case, rounds: 0.5)
    threads = torch.get_num_threads()
    try:
        layouts.main(["1"])
    finally:
        torch.set_num_threads(threads)
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [case.name for case in layouts.cases()]
    assert {row.split(" | ")[-1].removesuffix(" |") for row in rows} == {"yes", "no"}


def test_an_update_changes_the_weights_in_either_layout() -> None:
    case = layouts.cases()[0]
    small = layouts.Case(case.name, case.make, (2, 1, 28, 28))
    for layout in (torch.contiguous_format, torch.channels_last):
        update = layouts.updates(small, layout)
        update()
    assert layouts.ratio(small, 1) > 0

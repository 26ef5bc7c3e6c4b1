"""Files of torch.save from elsewhere: read as data. Every file here that tries to run something must fail to."""

from __future__ import annotations

import io
import logging
import os
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seedbed.checkpoint.foreign import _read, read_foreign
from seedbed.errors import CheckpointError

RAN: list[str] = []


def run_me(*args: Any, **more: Any) -> dict[str, Any]:
    """What no file may reach."""
    RAN.append("ran")
    return {}


class Call:
    """Pickles as a call of ``function(*args)``."""

    def __init__(self, function: Any, *args: Any, state: Any = None) -> None:
        self.function, self.args, self.state = function, args, state

    def __reduce__(self) -> Any:
        return (self.function, self.args) if self.state is None else (self.function, self.args, self.state)


@pytest.fixture
def parser_class(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A class like the one that such a project pickles into its checkpoints."""
    module = ModuleType("parse_config")

    class ConfigParser:
        def __init__(self) -> None:
            self._config = OrderedDict(name="x", trainer=OrderedDict(epochs=3))
            self.resume = Path("saved") / "a.pth"
            self.log_levels = {0: logging.WARNING}

        def __setstate__(self, state: Any) -> None:
            run_me()

    ConfigParser.__module__, ConfigParser.__qualname__ = "parse_config", "ConfigParser"
    module.ConfigParser = ConfigParser  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "parse_config", module)
    return ConfigParser


def tensors() -> dict[str, torch.Tensor]:
    base = torch.arange(12.0)
    return {
        "weight": base.reshape(3, 4),
        "view": base[2:8].reshape(2, 3).t(),
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "empty": torch.zeros(0, 3),
        "half": torch.ones(2, dtype=torch.float16),
        "bf16": torch.full((2,), 1.5, dtype=torch.bfloat16),
        "long": torch.tensor([[2**40]]),
        "bool": torch.tensor([True, False]),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "expanded": torch.ones(1).expand(3),
    }


def save(path: Path, value: Any, zipped: bool = True) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    return path


@pytest.mark.parametrize("zipped", [True, False])
def test_a_template_checkpoint_is_read_and_its_parser_stays_data(
    tmp_path: Path, parser_class: Any, zipped: bool
) -> None:
    values = tensors()
    moments = {"step": torch.tensor(1.0), "exp_avg": torch.tensor([[0.5, -1.0]])}
    optimizer = {"state": {0: moments}, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999), "params": [0]}]}
    checkpoint = {
        "arch": "MnistModel",
        "epoch": 3,
        "state_dict": OrderedDict(values),
        "optimizer": optimizer,
        "monitor_best": np.float64(0.25),
        "counts": (np.int64(3), np.float32(0.5), np.bool_(True)),
        "config": parser_class(),
    }
    path = save(tmp_path / "x.pth", checkpoint, zipped)
    RAN.clear()
    sys.modules.pop("parse_config")
    found = read_foreign(path)
    assert RAN == []
    assert (found["arch"], found["epoch"], found["monitor_best"]) == ("MnistModel", 3, 0.25)
    assert found["counts"] == (3, 0.5, True)
    assert found["config"]["_config"] == {"name": "x", "trainer": {"epochs": 3}}
    assert found["config"]["resume"] == "saved/a.pth"
    for name, value in values.items():
        assert torch.equal(found["state_dict"][name], value.detach())
        assert found["state_dict"][name].dtype == value.dtype
    assert torch.equal(found["optimizer"]["state"][0]["exp_avg"], moments["exp_avg"])
    assert found["optimizer"]["param_groups"] == optimizer["param_groups"]


@pytest.mark.parametrize("zipped", [True, False])
def test_both_readers_agree_on_plain_files(tmp_path: Path, zipped: bool) -> None:
    path = save(tmp_path / "x.pth", {"a": tensors(), "b": [1, (2.0, None), "x", True]}, zipped)
    first, second = read_foreign(path), _read(path)
    assert first["b"] == second["b"] == [1, (2.0, None), "x", True]
    for name, value in first["a"].items():
        assert torch.equal(second["a"][name], value)


def exploits() -> list[tuple[str, Any]]:
    marker = "import sys; sys.modules[__name__]"
    return [
        ("os.system", Call(os.system, "touch EXPLOITED")),
        ("posix.system", Call(os.popen, "touch EXPLOITED")),
        ("builtins.eval", Call(eval, "open('EXPLOITED', 'w')")),
        ("builtins.exec", Call(exec, "open('EXPLOITED', 'w')")),
        ("builtins.open", Call(open, "EXPLOITED", "w")),
        ("builtins.getattr", Call(getattr, Call(__import__, "os"), "system")),
        ("importlib.import_module", Call(__import__, "antigravity")),
        ("torch.hub.load", Call(torch.hub.load, "a/b", "c")),
        ("torch.load", Call(torch.load, "EXPLOITED")),
        ("torch.jit", Call(torch.jit.load, "EXPLOITED")),
        ("a function of ours", Call(run_me, marker)),
        ("with a state", Call(dict, state={"x": Call(run_me)})),
        ("in OrderedDict's arguments", Call(OrderedDict, [("a", Call(run_me))])),
        ("in a tensor's rebuild arguments",
         Call(torch._utils._rebuild_tensor_v2, Call(run_me), 0, (1,), (1,), False, {})),
        ("in a tensor's hooks",
         Call(torch._utils._rebuild_tensor_v2, torch.zeros(1).untyped_storage(), 0, (1,), (1,), False, Call(run_me))),
        ("in a parameter", Call(torch._utils._rebuild_parameter, Call(run_me), True, {})),
        ("by a tensor subclass", Call(torch._tensor._rebuild_from_type_v2, run_me, dict, (), {})),
        ("by numpy", Call(np.load, "EXPLOITED")),
        ("in a numpy scalar", Call(np._core.multiarray.scalar, np.dtype("O"), Call(run_me))),
        ("a set of calls", Call(set, [Call(run_me)])),
        ("a partial", Call(__import__("functools").partial, run_me)),
        ("an operator", Call(__import__("operator").attrgetter("system"), Call(__import__, "os"))),
    ]  # fmt: skip


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(("name", "payload"), exploits(), ids=[name for name, _ in exploits()])
def test_an_exploit_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parser_class: Any, name: str, payload: Any, zipped: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    RAN.clear()
    for where in ({"a": payload}, {"state_dict": {"w": [payload]}, "config": parser_class()}, payload):
        buffer = io.BytesIO()
        torch.save(where, buffer, _use_new_zipfile_serialization=zipped)
        (tmp_path / "x.pth").write_bytes(buffer.getvalue())
        RAN.clear()
        with pytest.raises(CheckpointError) as caught:
            read_foreign(tmp_path / "x.pth")
        assert "x.pth: " in str(caught.value)
        assert "\n" not in str(caught.value)
        assert RAN == []
        assert not (tmp_path / "EXPLOITED").exists()


def make_zip(path: Path, structure: bytes, data: dict[str, bytes] | None = None, compress: bool = False) -> Path:
    kind = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("archive/data.pkl", structure)
        archive.writestr("archive/version", "3")
        for key, content in (data or {}).items():
            archive.writestr(f"archive/data/{key}", content)
    return path


OPCODES = [
    b"cos\nsystem\n(S'touch EXPLOITED'\ntR.",
    b"(S'touch EXPLOITED'\nios\nsystem\n.",
    b"(cos\nsystem\nS'touch EXPLOITED'\no.",
    b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0ftouch EXPLOITED\x85R.",
    b"\x80\x02ccollections\nOrderedDict\nq\x00(cbuiltins\neval\nS'1'\ntRb.",
    b"\x80\x02cparse_config\nConfigParser\n)\x81}(S'__setstate__'\ncos\nsystem\nub.",
    b"\x80\x02cparse_config\nConfigParser.__init__\n.",
    b"\x80\x04\x8c\x05torch\x8c\x0c_utils.os.system\x93.",
    b"\x80\x02c__builtin__\neval\n(S'1'\ntR.",
    b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(cos\nsystem\nS'x'\ntR.",
    b"\x80\x02U\x07storageQ.",
    b"\x80\x02(U\x07storagecos\nsystem\nU\x010U\x03cpuK\x01tQ.",
    b"\x82\x01.",
    b"",
    b".",
    b"\x80\x02",
    b"\x80\x02]q\x00h\x00a.",
    b"\x80\x02}q\x00(U\x01ah\x00u.",
    b"N.",
    b"K\x01.",
]


@pytest.mark.parametrize("structure", OPCODES, ids=range(len(OPCODES)))
def test_hand_made_structures_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, structure: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError):
        read_foreign(make_zip(tmp_path / "x.pth", structure))
    with pytest.raises(CheckpointError):
        read_foreign(_write(tmp_path / "y.pth", structure))
    assert not (tmp_path / "EXPLOITED").exists()


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def tensor_structure(count: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    """A structure with one float tensor, written with pickle's own opcodes."""

    class Storage:
        pass

    class Pickler(pickle._Pickler):  # type: ignore[name-defined, misc]
        def persistent_id(self, obj: Any) -> Any:
            return ("storage", torch.FloatStorage, "0", "cpu", count) if isinstance(obj, Storage) else None

    buffer = io.BytesIO()
    Pickler(buffer, protocol=2).dump(
        {"a": Call(torch._utils._rebuild_tensor_v2, Storage(), offset, size, stride, False, OrderedDict())}
    )
    return buffer.getvalue()


def test_a_hand_made_tensor_is_read(tmp_path: Path) -> None:
    data = struct.pack("<4f", 1, 2, 3, 4)
    path = make_zip(tmp_path / "x.pth", tensor_structure(4, 1, (3,), (1,)), {"0": data})
    assert _read(path)["a"].tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("count", "offset", "size", "stride"),
    [
        (4, 0, (5,), (1,)),
        (4, 1, (4,), (1,)),
        (4, -1, (2,), (1,)),
        (4, 0, (-2,), (1,)),
        (4, 0, (2,), (-1,)),
        (4, 0, (2, 2), (1,)),
        (4, 0, (2**40,), (0,)),
        (2**40, 0, (1,), (1,)),
        (5, 0, (1,), (1,)),
        (-4, 0, (1,), (1,)),
    ],
)
def test_a_tensor_outside_of_its_storage_is_refused(
    tmp_path: Path, count: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    path = make_zip(
        tmp_path / "x.pth", tensor_structure(count, offset, size, stride), {"0": struct.pack("<4f", 1, 2, 3, 4)}
    )
    with pytest.raises(CheckpointError):
        _read(path)


def test_compressed_entries_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.pth", tensor_structure(2**20, 0, (1,), (1,)), {"0": bytes(4 * 2**20)}, compress=True)
    with pytest.raises(CheckpointError):
        _read(path)


def test_a_missing_file_and_a_folder_are_said(tmp_path: Path) -> None:
    for path in (tmp_path / "x.pth", tmp_path):
        with pytest.raises(CheckpointError, match="no such file"):
            read_foreign(path)


def test_a_file_that_is_no_dictionary_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds a Tensor, not a dictionary"):
        read_foreign(save(tmp_path / "x.pth", torch.zeros(1)))


def test_a_whole_pickled_model_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"torch\.nn\.modules\.linear\.Linear.*save the state_dict alone"):
        read_foreign(save(tmp_path / "x.pth", {"model": torch.nn.Linear(1, 1)}))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_cut_file_is_never_a_traceback(tmp_path: Path, parser_class: Any, zipped: bool) -> None:
    data = save(tmp_path / "x.pth", {"w": torch.arange(9.0), "config": parser_class()}, zipped).read_bytes()
    for end in range(0, len(data) - 1, max(1, len(data) // 40)):
        with pytest.raises(CheckpointError):
            read_foreign(_write(tmp_path / "y.pth", data[:end]))


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_byte_is_never_a_traceback(tmp_path_factory: pytest.TempPathFactory, place: int, byte: int) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.pth"
    buffer = io.BytesIO()
    torch.save({"w": torch.arange(3.0), "n": np.float64(1)}, buffer, _use_new_zipfile_serialization=False)
    data = bytearray(buffer.getvalue())
    data[place % len(data)] = byte
    path.write_bytes(data)
    try:
        found: Any = read_foreign(path)
    except CheckpointError:
        found = {}
    assert isinstance(found, dict)

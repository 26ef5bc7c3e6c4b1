"""Names become callables by three narrow ways; everything else is refused with a sentence."""

from __future__ import annotations

import contextlib
import functools
import importlib
import multiprocessing
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch
from torch import nn

from seedbed.config.components import Resolver
from seedbed.config.prefixes import check_prefix, read_allowed
from seedbed.errors import ConfigError, SeedbedError

TABLES = {
    "model": {"Linear": "torch.nn:Linear", "LeNet": "seedbed.models.lenet:LeNet"},
    "optimizer": {"AdamW": "torch.optim:AdamW"},
    "lr_scheduler": {"StepLR": "torch.optim.lr_scheduler:StepLR"},
}


@pytest.fixture(autouse=True)
def _leave_imports_as_they_were() -> Iterator[None]:
    from seedbed.config.projects import Project

    path = list(sys.path)
    yield
    if Project.active is not None:
        Project.active._deactivate()
        Project.active = None
    sys.path[:] = path


def write(folder: Path, **files: str) -> Path:
    """Python files by their dotted name."""
    for name, text in files.items():
        path = folder / (name.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return folder


def refusal(resolver: Resolver, name: str, slot: str) -> str:
    with pytest.raises(ConfigError) as caught:
        resolver.resolve(name, slot)
    assert "\n" not in str(caught.value)
    return str(caught.value)


MODEL = """
    import torch
    from torch.nn import Conv2d, Linear
    from os import system
    import subprocess

    class Net(torch.nn.Module):
        def __init__(self, width: int = 4):
            super().__init__()
            self.layer = torch.nn.Linear(width, 2)

        def forward(self, x):
            return self.layer(x)

    class NotANet:
        pass

    def make_net(width: int):
        return Net(width)

    def make_nothing():
        return 3

    def fail(size):
        raise ValueError(f"size {size} is odd")

    _Hidden = Net
    number = 3
"""


def test_a_short_name_comes_from_the_table() -> None:
    assert Resolver(TABLES).resolve("Linear", "model") is nn.Linear


def test_a_bare_name_comes_from_the_projects_files(tmp_path: Path) -> None:
    resolver = Resolver(TABLES, write(tmp_path, model=MODEL))
    net = resolver.instantiate({"type": "Net", "args": {"width": 3}}, "model")
    assert (type(net).__name__, net.layer.in_features) == ("Net", 3)
    assert isinstance(resolver.instantiate({"type": "make_net", "args": {"width": 3}}, "model"), nn.Module)


@pytest.mark.parametrize("name", ["models.net.Net", "models.Net", "other.Net"])
def test_a_dotted_name_comes_from_any_module_of_the_project(tmp_path: Path, name: str) -> None:
    files = {"models.net": MODEL, "models.__init__": "from .net import Net\n", "other": MODEL}
    assert Resolver(TABLES, write(tmp_path, **files)).resolve(name, "model").__name__ == "Net"


@pytest.mark.parametrize(
    ("name", "slot"),
    [
        ("torch.nn.Linear", "model"),
        ("torch.nn.modules.linear.Linear", "model"),
        ("torch.optim.AdamW", "optimizer"),
        ("torch.optim.lr_scheduler.ReduceLROnPlateau", "lr_scheduler"),
        ("torch.nn.functional.nll_loss", "loss"),
        ("torch.nn.functional.gelu", "loss"),
        ("torch.nn.CrossEntropyLoss", "loss"),
        ("nll_loss", "loss"),
        ("CrossEntropyLoss", "loss"),
        ("seedbed.models.lenet.LeNet", "model"),
    ],
)
def test_a_dotted_path_under_an_allowed_prefix_is_found(name: str, slot: str) -> None:
    assert Resolver(TABLES).resolve(name, slot).__name__ == name.rpartition(".")[2]


REFUSED = [
    ("os.system", "model", "outside of what may stand here"),
    ("posix.system", "model", "outside of what may stand here"),
    ("subprocess.run", "model", "outside of what may stand here"),
    ("subprocess.Popen", "data", "outside of what may stand here"),
    ("builtins.eval", "model", "outside of what may stand here"),
    ("builtins.exec", "metric", "outside of what may stand here"),
    ("eval", "model", "there is no model named 'eval'"),
    ("__import__", "model", "there is no model named '__import__'"),
    ("torch.hub.load", "model", "outside of what may stand here"),
    ("torch.load", "model", "outside of what may stand here"),
    ("torch.utils.cpp_extension.load", "model", "outside of what may stand here"),
    ("torch.utils.cpp_extension.load_inline", "data", "outside of what may stand here"),
    ("torch.compile", "model", "outside of what may stand here"),
    ("torch.jit.load", "model", "outside of what may stand here"),
    ("pickle.loads", "data", "outside of what may stand here"),
    ("importlib.import_module", "data", "outside of what may stand here"),
    ("shutil.rmtree", "data", "outside of what may stand here"),
    ("functools.partial", "transform", "outside of what may stand here"),
    ("torch.nn.modules.module.torch", "model", "is not a class or function"),
    ("torch.nn.modules.module.torch.hub.load", "model", "has no 'torch.hub.load'"),
    ("torch.nn.functional.importlib.import_module", "loss", "has no 'importlib.import_module'"),
    ("torch.nn.functional.torch", "loss", "is not a class or function"),
    ("torch.nn.functional.Callable", "loss", "it is defined in"),
    ("torch.nn.functional.handle_torch_function", "loss", "it is defined in torch.overrides"),
    ("torch.nn.modules.module.OrderedDict", "model", "it is defined in collections"),
    ("torch.nn.modules.module.namedtuple", "model", "it is defined in collections"),
    ("torch.nn.modules.module.Parameter", "model", "is the class Parameter, where a subclass of torch.nn.Module"),
    ("torch.nn.Linear.forward", "model", "torch.nn has no 'Linear.forward'"),
    ("torch.nn.Module.load_state_dict", "model", "torch.nn has no 'Module.load_state_dict'"),
    ("torch.nn.init.normal_", "model", "is a function, where a subclass of torch.nn.Module is expected"),
    ("torch.nn.utils.clip_grad_norm_", "loss", "is a function, where a loss function or a torch.nn.Module"),
    ("torch.nn.functional.relu", "model", "is a function, where a subclass of torch.nn.Module"),
    ("torch.nn.ReLU", "optimizer", "outside of what may stand here"),
    ("torch.optim.AdamW", "model", "outside of what may stand here"),
    ("torch.optim.lr_scheduler.StepLR", "optimizer", "is the class StepLR, where a subclass of torch.optim.Optimizer"),
    ("torch.optim.SGD", "lr_scheduler", "is the class SGD, where a learning-rate schedule"),
    ("torch.nn", "model", "outside of what may stand here"),
    ("torch.nn.", "model", "is not a dotted path of public names"),
    ("torch..nn", "model", "is not a dotted path of public names"),
    ("torch.nn.__builtins__", "model", "is not a dotted path of public names"),
    ("torch.nn.modules._functions.SyncBatchNorm", "model", "is not a dotted path of public names"),
    ("torch.nn.Linear()", "model", "is not a dotted path of public names"),
    ("torch.nn.Linera", "model", "did you mean 'Linear'?"),
    ("torch.nn.nowhere.Net", "model", "torch.nn has no 'nowhere.Net'"),
    ("seedbed.cli.main.main", "model", "outside of what may stand here"),
    ("seedbed.errors.require", "data", "outside of what may stand here"),
    ("seedbed.models.lenet.nn", "model", "is not a class or function"),
    ("seedbed.x.os.system", "model", "outside of what may stand here"),
    ("seedbed.models.x.os.system", "model", "seedbed.models has no 'x.os.system'"),
    ("", "model", "there is no model named ''"),
    ("Liner", "model", "did you mean 'Linear'?"),
    ("Nothing", "train_step", "there is no train step named 'Nothing'"),
]


@pytest.mark.parametrize(("name", "slot", "message"), REFUSED, ids=[name or "empty" for name, _, _ in REFUSED])
def test_what_a_config_may_not_name_is_refused(name: str, slot: str, message: str) -> None:
    assert message in refusal(Resolver(TABLES), name, slot)


@pytest.mark.parametrize("name", ["torch.nn.functional", "torch.nn.modules.module", "torch.optim.optimizer"])
def test_of_all_names_in_a_module_only_classes_of_the_right_kind_are_found(name: str) -> None:
    module = importlib.import_module(name)
    bases = {"model": nn.Module, "optimizer": torch.optim.Optimizer, "data": (), "metric": (), "train_step": ()}
    for slot, base in bases.items():
        for attribute in dir(module):
            found: Any = None
            with contextlib.suppress(SeedbedError):
                found = Resolver(TABLES).resolve(f"{name}.{attribute}", slot)
            assert found is None or issubclass(found, base)


def test_a_helper_of_seedbed_is_not_a_part() -> None:
    assert "use its short name" in refusal(Resolver({}), "seedbed.models.lenet.LeNet", "model")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("system", "is not defined in the project but in posix"),
        ("model.system", "is not defined in the project but in posix"),
        ("Linear", "write 'torch.nn.modules.linear.Linear'"),
        ("model.subprocess.run", "has no class or function 'subprocess.run'"),
        ("model.subprocess", "is not defined in the project but in no module"),
        ("model.number", "is not defined in the project"),
        ("NotANet", "is the class NotANet, where a subclass of torch.nn.Module is expected"),
        ("model._Hidden", "is not a dotted path of public names"),
        ("Nett", "did you mean 'Net'?"),
        ("model.Nett", "did you mean 'Net'?"),
        ("model.missing.Net", "has no class or function 'missing.Net'"),
    ],
)
def test_what_a_project_only_imports_is_refused(tmp_path: Path, name: str, message: str) -> None:
    tables = {"model": {}}
    assert message in refusal(Resolver(tables, write(tmp_path, model=MODEL)), name, "model")


def test_a_class_elsewhere_in_the_project_is_pointed_at(tmp_path: Path) -> None:
    resolver = Resolver(TABLES, write(tmp_path, model="", nets=MODEL))
    assert "write 'nets.Net'" in refusal(resolver, "Net", "model")


def test_a_users_class_does_not_lose_silently_to_a_built_in_one(tmp_path: Path) -> None:
    resolver = Resolver(TABLES, write(tmp_path, model=MODEL + "\n    class LeNet(Net):\n        pass\n"))
    text = refusal(resolver, "LeNet", "model")
    assert "write 'model.LeNet' for yours or 'seedbed.models.lenet.LeNet' for the built-in one" in text
    assert resolver.resolve("model.LeNet", "model").__module__ == "model"
    assert resolver.resolve("seedbed.models.lenet.LeNet", "model").__module__ == "seedbed.models.lenet"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", "model.py:1: SyntaxError: invalid syntax"),
        ("x = 1\ny = nowhere\n", "model.py:2: NameError: name 'nowhere' is not defined"),
        ("import no_such_package\n", "model.py:1: there is no module 'no_such_package'; install it"),
        ("from torch import no_such_name\n", "model.py:1: ImportError: cannot import name 'no_such_name'"),
        ("import sys\nsys.exit(3)\n", "model.py:2: the module ends the program (SystemExit 3)"),
        ("raise RuntimeError('a\\nb')\n", "model.py:1: RuntimeError: a b"),
        ("class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E\n", "model.py:4: E"),
    ],
)
def test_an_error_in_the_users_module_names_file_line_and_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "model.py").write_text(text)
    for name in ("Net", "model.Net"):
        assert message in refusal(Resolver(TABLES, tmp_path), name, "model") or name == "Net"
    assert message in refusal(Resolver(TABLES, tmp_path), "model.Net", "model")


def test_an_error_in_the_users_constructor_names_file_line_and_error(tmp_path: Path) -> None:
    resolver = Resolver(TABLES, write(tmp_path, model=MODEL))
    with pytest.raises(ConfigError, match=r'"size": 3.*model\.py:\d+: ValueError: size 3 is odd'):
        resolver.instantiate({"type": "fail", "args": {"size": 3}}, "model")
    with pytest.raises(ConfigError, match=r"returned int, not a torch\.nn\.Module"):
        resolver.instantiate({"type": "make_nothing"}, "model")


def test_two_projects_do_not_see_each_others_modules(tmp_path: Path) -> None:
    for name, width in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        text = (
            f"import helper\nimport torch\nclass Net(torch.nn.Module):\n    width = helper.width\n    which = {width}\n"
        )
        write(tmp_path / name, model=text, helper=f"width = {width}\n")
    first, second = Resolver(TABLES, tmp_path / "a"), Resolver(TABLES, tmp_path / "b")
    one, two, again = (resolver.resolve("Net", "model") for resolver in (first, second, first))
    assert (one.width, one.which, two.width, two.which) == (1, 1, 2, 2)
    assert again is one
    assert sys.path[0] == str((tmp_path / "a").resolve())
    assert str((tmp_path / "b").resolve()) not in sys.path


def test_folders_without_init_of_two_projects_stay_apart(tmp_path: Path) -> None:
    write(tmp_path / "a", **{"model.model": MODEL, "model.extra": "x = 1\n"})
    write(tmp_path / "b", model=MODEL)
    assert Resolver(TABLES, tmp_path / "b").resolve("Net", "model").__module__ == "model"
    assert Resolver(TABLES, tmp_path / "a").resolve("Net", "model").__module__ == "model.model"
    assert "has no class" in refusal(Resolver(TABLES, tmp_path / "b"), "model.extra.Net", "model")


def test_a_foreign_module_of_the_same_name_is_put_aside_and_comes_back(tmp_path: Path) -> None:
    from types import ModuleType

    from seedbed.config.projects import Project

    foreign = ModuleType("model")
    sys.modules["model"] = foreign
    assert Resolver(TABLES, write(tmp_path, model=MODEL)).resolve("Net", "model").__name__ == "Net"
    assert sys.modules["model"] is not foreign
    assert Project.active is not None
    Project.active._deactivate()
    assert sys.modules.pop("model") is foreign


def test_the_path_of_the_users_own_script_stays(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", model=MODEL).resolve(), write(tmp_path / "b", model=MODEL).resolve()
    sys.path.insert(0, str(first))
    for folder in (first, second, first, second):
        Resolver(TABLES, folder).resolve("Net", "model")
    assert sys.path.count(str(first)) == 1
    assert sys.path[0] == str(second)


def test_an_edited_module_is_imported_again(tmp_path: Path) -> None:
    resolver = Resolver(TABLES, write(tmp_path, model=MODEL))
    first = resolver.resolve("Net", "model")
    write(tmp_path, model=MODEL + "\n    class Another(Net):\n        pass\n")
    assert resolver.resolve("Another", "model").__name__ == "Another"
    assert resolver.resolve("Net", "model") is not first


def test_a_file_named_like_the_standard_library_is_not_a_project_module(tmp_path: Path) -> None:
    resolver = Resolver(TABLES, write(tmp_path, json="raise SystemExit", torch="raise SystemExit"))
    assert "outside of what may stand here" in refusal(resolver, "json.loads", "model")
    assert resolver.resolve("torch.nn.ReLU", "model") is nn.ReLU


def test_a_spawned_worker_finds_the_projects_modules(tmp_path: Path) -> None:
    text = """
        class Numbers:
            def __len__(self):
                return 8
    """
    data = Resolver(TABLES, write(tmp_path, data=text)).instantiate({"type": "Numbers"}, "data")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(len, (data,)) == 8


def test_parts_inside_arguments_are_built_first(tmp_path: Path) -> None:
    text = """
        import torch

        class Wrap(torch.nn.Module):
            def __init__(self, inner, heads=(), options=None, norm: torch.nn.Module = None):
                super().__init__()
                self.inner, self.heads, self.options, self.norm = inner, torch.nn.ModuleList(heads), options, norm
    """
    resolver = Resolver(TABLES, write(tmp_path, model=text))
    linear = {"type": "Linear", "args": {"in_features": 2, "out_features": 3}}
    args = {"inner": linear, "heads": [linear, linear], "options": {"type": "x"}, "norm": None}
    net = resolver.instantiate({"type": "Wrap", "args": args}, "model")
    assert isinstance(net.inner, nn.Linear)
    assert [type(head) for head in net.heads] == [nn.Linear, nn.Linear]
    assert net.options == {"type": "x"}


def test_mistakes_in_inner_parts_come_with_their_path(tmp_path: Path) -> None:
    inner = {"type": "Linear", "args": {"in_features": "2", "out": 3}}
    resolver = Resolver({"model": {**TABLES["model"], "Sequential": "torch.nn:Identity"}})
    problems = resolver.check(
        {"type": "Sequential", "args": {"a": [inner], "b": {"type": "Liner", "args": {}}}}, "model"
    )
    assert [(problem.keys, problem.what) for problem in problems] == [
        (("args", "a", 0, "args", "in_features"), 'must be a whole number, is text ("2")'),
        (("args", "a", 0, "args", "out"), "Linear has no such argument (value 3)"),
        (("args", "a", 0, "args", "out_features"), "is missing; Linear needs it"),
        (("args", "b", "type"), "there is no model named 'Liner'"),
    ]


def test_a_function_that_is_called_later_stays_a_function(tmp_path: Path) -> None:
    text = """
        from typing import Callable, Sequence

        class Task:
            def __init__(self, loss: Callable, metrics: Sequence[Callable] = (), title: str = ""):
                self.loss, self.metrics, self.title = loss, metrics, title

        def my_loss(output, target, scale=1.0):
            return scale
    """
    files = {"objective": text, "metric": "def right(output, target):\n    return 1\n"}
    resolver = Resolver(TABLES, write(tmp_path, **files))
    task = resolver.instantiate(
        {"type": "Task", "args": {"loss": "my_loss", "metrics": ["right"], "title": "x"}}, "objective"
    )
    assert (task.loss.__name__, task.metrics[0].__name__, task.title) == ("my_loss", "right", "x")
    part = {"type": "my_loss", "args": {"scale": 2.0}}
    task = resolver.instantiate({"type": "Task", "args": {"loss": part}}, "objective")
    assert isinstance(task.loss, functools.partial)
    assert task.loss(1, 2) == 2.0
    problems = resolver.check({"type": "Task", "args": {"loss": "my_los", "metrics": ["wrong"]}}, "objective")
    assert [problem.keys for problem in problems] == [("args", "loss"), ("args", "metrics", 0)]


def test_a_loss_made_at_the_top_of_a_file_is_taken(tmp_path: Path) -> None:
    text = "import torch\ncriterion = torch.nn.CrossEntropyLoss()\n"
    resolver = Resolver(TABLES, write(tmp_path, loss=text))
    assert isinstance(resolver.resolve("criterion", "loss"), nn.CrossEntropyLoss)


def test_more_prefixes_come_from_the_caller_or_the_projects_pyproject(tmp_path: Path) -> None:
    name = "torchgen.model.Argument"
    assert "outside of what may stand here" in refusal(Resolver(TABLES), name, "data")
    assert Resolver(TABLES, allow=["torchgen"]).resolve(name, "data").__name__ == "Argument"
    assert "it is defined in" in refusal(Resolver(TABLES, allow=["torchgen."]), "torchgen.model.Enum", "data")
    (tmp_path / "pyproject.toml").write_text('[tool.seedbed]\nallow = ["torchgen."]\n')
    assert Resolver(TABLES, tmp_path).resolve(name, "data").__name__ == "Argument"


@pytest.mark.parametrize("prefix", ["", ".", "os", "os.", "subprocess", "builtins.", "torch", "torch.", "torch.hub.",
                                    "_x", "a..b", "importlib.util", "eval", "a b"])  # fmt: skip
def test_a_prefix_that_opens_everything_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigError):
        check_prefix(prefix)
    with pytest.raises(ConfigError):
        Resolver(TABLES, allow=[prefix])


@pytest.mark.parametrize("text", ["x = [", "[tool.seedbed]\nallow = 3\n", "[tool.seedbed]\nallow = [1]\n", "\udcff"])
def test_a_bad_pyproject_is_said_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, errors="surrogateescape")
    with pytest.raises(ConfigError, match=r"pyproject\.toml"):
        read_allowed(tmp_path)


@pytest.mark.parametrize("package", ["torchvision.models.resnet18", "timm.create_model"])
def test_a_missing_extra_gives_the_install_line(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torchvision", "timm", "torchvision.models"):
        monkeypatch.setitem(sys.modules, name, None)
    problems = Resolver(TABLES).check({"type": package}, "model")
    assert 'pip install "seedbed[vision]"' in problems[0].what


def test_a_constructor_that_fails_inside_torch_is_one_sentence() -> None:
    part: dict[str, Any] = {"type": "AdamW", "args": {"lr": -1.0}}
    given = {"params": [nn.Parameter(torch.zeros(1))]}
    with pytest.raises(SeedbedError, match=r'optimizer \'AdamW\' cannot be built with .*"lr": -1\.0.*Invalid learning'):
        Resolver(TABLES).instantiate(part, "optimizer", given)

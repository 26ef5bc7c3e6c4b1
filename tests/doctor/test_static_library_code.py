"""Library code that is no training script stays quiet, and large packages are read in parts."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_paths, check_text
from seedbed.doctor.static.groups import cut, together
from seedbed.doctor.static.values import Val, join

HEAD = "import copy\nimport numpy as np\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
# the check, what is correct about the code, the code
QUIET: list[tuple[str, str, str]] = [
    ("SB215", "a set of torch's own is a set", """
        from torch.utils._ordered_set import OrderedSet
        def visit(nodes):
            seen = OrderedSet()
            for node in nodes:
                seen.add(node)
            return seen
    """),
    ("SB215", "a set in a table", """
        from collections import defaultdict
        def users(nodes):
            found = defaultdict(set)
            for node in nodes:
                found[node.name].add(node)
            return found
    """),
    ("SB215", "an attribute that is declared a set", """
        class Pass:
            names: set[str]
            def run(self, graph):
                for node in graph.nodes:
                    self.names.add(node.name)
    """),
    ("SB215", "numpy writes to the last argument", """
        def roots(image):
            found = np.add.reduce(image, 0)
            np.sqrt(found, found)
            return found
    """),
    ("SB215", "an array sorts and fills itself", """
        def order(parts):
            values = np.concatenate(parts)
            values.sort(kind="mergesort")
            values.fill(0)
            return values
    """),
    ("SB215", "a batch of an unknown loader may move itself", """
        def train(net, loader, device):
            for batch in loader:
                batch.to(device)
                net(batch)
    """),
    ("SB215", "a module is moved in place, whatever is chained", """
        def prepare(module, device):
            module.float().to(device)
            for metric in module.metrics.modules():
                metric.to(device)
    """),
    ("SB215", "collectives write to their arguments", """
        import torch.distributed as dist
        def share(tensor, parts, group):
            dist.scatter(tensor, parts, 0, group=group)
            dist.gather(tensor, parts, 0, group=group)
    """),
    ("SB215", "an expression that is there to raise", """
        import pytest
        def test_types():
            x = torch.ones(3)
            with pytest.raises(TypeError):
                x * None
            with pytest.raises(ValueError):
                x.view(7)
    """),
    ("SB215", "objects are chained with operators", """
        def build(load, transform, store):
            load >> transform
            load | transform | store
    """),
    ("SB214", "a new axis of one", """
        def widen(x):
            batch, time = x.shape
            x = x.reshape(batch, 1, time)
            return F.avg_pool1d(x, 3)
        def lift(keys):
            batch, keylen = keys.shape
            return keys.view(batch, -1, keylen)
    """),
    ("SB313", "an index that walks along the axes", """
        def fold(a, shape):
            idx = end = 0
            for length in shape:
                if idx >= a.ndim:
                    a = a.unsqueeze(-1)
                    idx = idx + 1
                else:
                    end += 1
                    if end > 9:
                        break
            return a
    """),
    ("SB101", "a model of a class from elsewhere clears its gradients", """
        from accelerate.test_utils import RegressionModel
        model = RegressionModel()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for epoch in range(3):
            for batch in loader:
                model.zero_grad()
                F.mse_loss(model(batch["x"]), batch["y"]).backward()
                optimizer.step()
    """),
    ("SB606", "a model is filled from several files", """
        def load(model, names):
            for name in names:
                model.load_state_dict(torch.load(name), strict=False)
    """),
    ("SB602", "a variant of a model that is only exported", """
        def variants(model, inputs):
            return {"prefill": (copy.copy(model), inputs), "decode": (copy.copy(model), inputs)}
    """),
    ("SB702", "two runs are compared under one seed, nothing is trained", """
        def compare(model, x, runs):
            for _ in range(runs):
                torch.manual_seed(7)
                model(x).sum().backward()
    """),
    ("SB436", "only some bits of a byte are kept", """
        def decode(raw):
            digits = torch.frombuffer(raw, dtype=torch.uint8)
            low = torch.where(digits > 64, digits + 9, digits) & 0x0F
            return torch.stack([low, low])
    """),
    ("SB436", "the number of bytes is no byte", """
        def pad(x):
            x = x.to(torch.uint8)
            return F.pad(x, (0, -x.numel() % 4))
    """),
    ("SB310", "a score that begins at infinity is better when it is lower", """
        from math import inf
        def closest(words, others):
            best_score = inf
            for other in others:
                score = distance(words, other)
                if score < best_score:
                    best_score = score
            return best_score
    """),
    ("SB441", "whether a variable is set", """
        import os
        on_server = bool(os.getenv("CI"))
    """),
]  # fmt: skip

LOUD: list[tuple[str, str]] = [
    ("SB215", "def f(x: torch.Tensor):\n    x.add(1)\n    return x\n"),
    ("SB215", "x = torch.randn(3)\ny = x * 2\ny.sort()\n"),
    ("SB215", "x = torch.randn(3)\nif x.sum() > 0:\n    x = x + 1\nx.float()\n"),
    ("SB215", "for xb, yb in loader:\n    xb.to('cuda')\n"),
    ("SB215", "def f(image):\n    image.clamp(0, 1)\n    return image\n"),
    ("SB215", "x = np.ones(3)\nnp.sqrt(x)\n"),
    ("SB215", "from torch.utils.data import DataLoader, TensorDataset\nd = DataLoader(TensorDataset(torch.ones(9)))\n"
     "for (x,) in d:\n    x.unsqueeze(0)\n"),
    ("SB441", "import os\nfast = bool(os.environ.get('FAST', 'False'))\n"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "reason", "text"), QUIET, ids=[f"{c}-{r}" for c, r, _ in QUIET])
def test_library_code_is_quiet(code: str, reason: str, text: str) -> None:
    found = check_text(HEAD + dedent(text), strict=True)
    assert [(f.line, f.title) for f in found if f.severity >= Severity.WARNING and f.code == code] == [], reason


@pytest.mark.parametrize(("code", "text"), LOUD, ids=[f"{c}-{n}" for n, (c, _) in enumerate(LOUD)])
def test_the_proved_mistake_is_still_found(code: str, text: str) -> None:
    found = check_text(HEAD + text, strict=True)
    assert [f.code for f in found if f.severity >= Severity.WARNING and f.code == code] == [code]


def test_a_large_group_is_cut_into_neighbours_and_loses_no_file(tmp_path: Path) -> None:
    for number in range(95):
        other = f"import m{number - 1}\n" if number else ""
        (tmp_path / f"m{number}.py").write_text(f"import torch\n{other}")
    groups = together(sorted(tmp_path.glob("*.py")))
    parts = cut(groups)
    assert len(groups) == 1
    assert [p for part in parts for p in part] == groups[0]
    assert len(parts) == 3


def test_a_small_group_is_not_cut(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import torch\n")
    (tmp_path / "train.py").write_text("import torch\nimport model\n")
    groups = together(sorted(tmp_path.glob("*.py")))
    assert cut(groups) == groups


def test_imports_for_type_checkers_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "types_only.py").write_text("import torch\nx = torch.ones(3)\n")
    (tmp_path / "main.py").write_text(
        "import torch\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from types_only import x\n    x.clamp(0)\n"
    )
    assert check_paths([tmp_path / "main.py"]) == []


def test_merged_values_stay_bounded() -> None:
    merged = Val("unknown", "start")
    for number in range(500):
        merged = join(merged, Val("tensor", f"t{number}"))
    assert 1 < len(list(merged.options())) <= 24


def test_names_that_go_through_many_branches_are_read_in_few_steps() -> None:
    steps = "".join(f"    x = x.a{n} if c{n} else x.b{n}\n" for n in range(60))
    assert check_text(f"import torch\ndef f(x):\n{steps}    return x\n", strict=True) == []

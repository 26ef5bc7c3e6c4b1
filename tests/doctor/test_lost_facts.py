"""Mistakes for which there was a check, in programs where a fact was lost on the way to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_paths, check_text

HEAD = """import argparse
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
x_all, y_all = torch.randn(640, 20), torch.randint(0, 2, (640,))
train_loader = DataLoader(TensorDataset(x_all[:512], y_all[:512]), batch_size=32, shuffle=True)
net = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
"""
SAVED_LATER = """best, top = None, 0.0
for step in range(2000):
    x, y = torch.randn(32, 20), torch.randint(0, 2, (32,))
    opt.zero_grad()
    F.cross_entropy(net(x), y).backward()
    opt.step()
    if step % 50 == 49:
        score = judge(net)
        if score > top:
            top, best_weights = score, {COPY}
    if step % 400 == 399 and top > 0:
        torch.save(best_weights, "best.pt")
"""
TRAINER = """class Fit:
    def __init__(self, model, optimizer, scheduler, loaders):
        self.model, self.optimizer, self.scheduler, self.loaders = model, optimizer, scheduler, loaders
        self.epoch = 0
    def restore(self, path):
        saved = torch.load(path)
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scheduler.load_state_dict(saved["scheduler"])
        self.epoch = saved["epoch"] + 1
    def run(self):
        for epoch in range({START}30):
            self.epoch = epoch
            {BEFORE}
            for x, y in self.loaders["train"]:
                self.optimizer.zero_grad()
                F.cross_entropy(self.model(x), y).backward()
                self.optimizer.step()
            {AFTER}
"""
PLAN = "if self.scheduler is not None: self.scheduler.step()"
OWN_PLAN = """class Ramp(torch.optim.lr_scheduler.LRScheduler):
    def __init__(self, optimizer, steps):
        self.steps = steps
        super().__init__(optimizer)
    def get_lr(self):
        return [base * min(1.0, (self.last_epoch + 1) / self.steps) for base in self.base_lrs]
plan = Ramp(opt, 50)
for epoch in range(5):
    for x, y in train_loader:
        {BEFORE}
        opt.zero_grad()
        F.cross_entropy(net(x), y).backward()
        opt.step()
        {AFTER}
"""
PACKED = """class Parts(nn.Module):
    def forward(self, made, wanted):
        parts = [F.mse_loss(made[:, :1], wanted[:, :1]), F.mse_loss(made[:, 1:], wanted[:, 1:])]
        return {PACK}
parts = Parts()
scaler = torch.amp.GradScaler()
for x, y in train_loader:
    opt.zero_grad()
    out = net(x)
    loss = F.cross_entropy(out, y) + 0.1 * parts(out, F.one_hot(y, 2).float())
    scaler.scale(loss).backward()
    scaler.step(opt)
    scaler.update()
"""
RESUME = """def load(model, optimizer, path):
    saved = torch.load(path)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return saved["step"]
parser = argparse.ArgumentParser()
parser.add_argument("--resume", default=None)
args = parser.parse_args()
start = 0
if args.resume:
    {TAKE}load(net, opt, args.resume)
for step in range({START}2000):
    x, y = torch.randn(32, 20), torch.randint(0, 2, (32,))
    for group in opt.param_groups:
        group["lr"] = 1e-3 * min(1.0, (step + 1) / 100)
    opt.zero_grad()
    F.cross_entropy(net(x), y).backward()
    opt.step()
"""
ACCUMULATE = """from accelerate import Accelerator
accelerator = Accelerator(gradient_accumulation_steps=4)
net, opt, train_loader = accelerator.prepare(net, opt, train_loader)
for x, y in train_loader:
    with accelerator.accumulate(net):
        {BEFORE}
        accelerator.backward(F.cross_entropy(net(x), y))
        opt.step()
        {AFTER}
"""
TRANSLATE = """class Translate(nn.Module):
    def __init__(self, size=64):
        super().__init__()
        self.source, self.target = nn.Embedding(90, size), nn.Embedding(80, size)
        self.body = nn.Transformer(size, 4, 2, 2, batch_first=True)
        self.out = nn.Linear(size, 80)
    def forward(self, src, tgt, future, pad, tgt_pad):
        a, b = self.source(src), self.target(tgt)
        return self.out(self.body(a, b, tgt_mask=future, src_key_padding_mask=pad, tgt_key_padding_mask=tgt_pad{MORE}))
"""
CHOSEN = """class Masked(nn.Module):
    def __init__(self, side=None):
        super().__init__()
        self.side = side
    def forward(self, out, batch, more):
        error = (out - batch["y"]) ** 2
        term = error[batch["mask"]].mean() if "mask" in batch else error.mean()
        logs = {}
        if self.side:
            logs["error"] = term{COPY}
            term += more[self.side]
        return term, logs
def choose(options):
    return {"masked": Masked}[options.pop("name")](**options)
"""
NEW = {
    "a best score that is stored before it is set": (
        "SB896",
        "low = 9.0\nfor epoch in range(5):\n    loss = judge(net)\n    if loss < low:\n"
        "        state = net.state_dict()\n        keep.save(path, state, epoch, low)\n        low = loss\n",
        "low = 9.0\nfor epoch in range(5):\n    loss = judge(net)\n    if loss < low:\n"
        "        low, state = loss, net.state_dict()\n        keep.save(path, state, epoch, low)\n",
    ),
    "an upper bound that is not drawn": (
        "SB898",
        "def pair(rows):\n    i = np.random.randint(len(rows) - 1)\n    return rows[i]\n",
        "def pair(rows):\n    i = np.random.randint(0, len(rows) - 1)\n    return rows[i], rows[i + 1]\n",
    ),
    "epochs that are only shown": (
        "SB899",
        "def fit(net, plan, epochs=None):\n    count = epochs or plan.epochs\n    print(count)\n"
        "    for epoch in range(plan.epochs):\n        one(net)\n",
        "def fit(net, plan, epochs=None):\n    count = epochs or plan.epochs\n    print(count)\n"
        "    for epoch in range(count):\n        one(net)\n",
    ),
    "bounds that are joined bit by bit": (
        "SB875",
        "def keep(kind, low=None, high=None):\n    if low & high:\n        return (kind >= low) & (kind <= high)\n",
        "def keep(kind, low=None, high=None):\n    if low is not None and high is not None:\n"
        "        return (kind >= low) & (kind <= high)\n",
    ),
}
EPOCHS = """for epoch in range(5):
    {FIRST}
    for x, y in train_loader:
        opt.zero_grad()
        F.cross_entropy(net(x), y).backward()
        opt.step()
    {LAST}
"""
SPREAD = """rows = TensorDataset(x_all[:512], y_all[:512])
order = torch.utils.data.DistributedSampler(rows)
train_loader = DataLoader(rows, batch_sampler=torch.utils.data.BatchSampler(order, 32, True))
"""
FOUND = {
    **NEW,
    "a sampler inside the one that makes the batches": (
        "SB410",
        SPREAD + EPOCHS.replace("{FIRST}", "pass").replace("{LAST}", "pass"),
        SPREAD + EPOCHS.replace("{FIRST}", "order.set_epoch(epoch)").replace("{LAST}", "pass"),
    ),
    "a checkpoint without the weights": (
        "SB609",
        EPOCHS.replace("{FIRST}", "pass").replace("{LAST}", 'torch.save({"epoch": epoch, "opt": opt}, "last.pt")'),
        EPOCHS.replace("{FIRST}", "pass").replace(
            "{LAST}", 'torch.save({"net": net.state_dict(), "epoch": epoch, "opt": opt.state_dict()}, "last.pt")'
        ),
    ),
    "zero_grad() first where Accelerate accumulates": (
        "SB110",
        ACCUMULATE.replace("{BEFORE}", "opt.zero_grad()").replace("{AFTER}", ""),
        ACCUMULATE.replace("{BEFORE}", "").replace("{AFTER}", "opt.zero_grad()"),
    ),
    "the padding of the source, seen by the decoder": (
        "SB226",
        TRANSLATE.replace("{MORE}", ""),
        TRANSLATE.replace("{MORE}", ", memory_key_padding_mask=pad"),
    ),
    "a module that is made by a table of classes": (
        "SB897",
        CHOSEN.replace("{COPY}", ""),
        CHOSEN.replace("{COPY}", ".item()"),
    ),
    "weights that are kept, and saved in another round": (
        "SB601",
        SAVED_LATER.replace("{COPY}", "net.state_dict()"),
        SAVED_LATER.replace("{COPY}", "{k: v.clone() for k, v in net.state_dict().items()}"),
    ),
    "a schedule that may be missing": (
        "SB113",
        TRAINER.replace("{START}", "self.epoch, ").replace("{BEFORE}", PLAN).replace("{AFTER}", "print(epoch)"),
        TRAINER.replace("{START}", "self.epoch, ").replace("{BEFORE}", "print(epoch)").replace("{AFTER}", PLAN),
    ),
    "a schedule whose class is written in the program": (
        "SB113",
        OWN_PLAN.replace("{BEFORE}", "plan.step()").replace("{AFTER}", "pass"),
        OWN_PLAN.replace("{BEFORE}", "pass").replace("{AFTER}", "plan.step()"),
    ),
    "losses that are packed into a new tensor": (
        "SB128",
        PACKED.replace("{PACK}", "torch.tensor([parts]).sum()"),
        PACKED.replace("{PACK}", "torch.stack(parts).sum()"),
    ),
    "a step that is returned and thrown away": (
        "SB618",
        RESUME.replace("{TAKE}", "").replace("{START}", ""),
        RESUME.replace("{TAKE}", "start = 1 + ").replace("{START}", "start, "),
    ),
    "an epoch that the loop writes over": (
        "SB618",
        TRAINER.replace("{START}", "").replace("{BEFORE}", "print(epoch)").replace("{AFTER}", PLAN),
        TRAINER.replace("{START}", "self.epoch, ").replace("{BEFORE}", "print(epoch)").replace("{AFTER}", PLAN),
    ),
}


@pytest.mark.parametrize("what", FOUND)
def test_is_found_where_it_is_and_nowhere_else(what: str) -> None:
    code, wrong, right = FOUND[what]
    assert code in {f.code for f in check_text(HEAD + wrong, Path("train.py"))}
    assert not [f for f in check_text(HEAD + right, Path("train.py")) if f.severity >= Severity.WARNING]


def test_an_import_that_begins_with_the_name_of_a_folder_above_is_followed(tmp_path: Path) -> None:
    (tmp_path / "code" / "run").mkdir(parents=True)
    (tmp_path / "code" / "keep.py").write_text("import torch\n" + RESUME.split("parser =", maxsplit=1)[0])
    rest = "from code.keep import load\nparser =" + RESUME.split("parser =", maxsplit=1)[1]
    (tmp_path / "code" / "run" / "train.py").write_text(HEAD + rest.replace("{TAKE}", "").replace("{START}", ""))
    assert "SB618" in {f.code for f in check_paths([tmp_path])}


def test_the_cosines_of_a_rotation_are_no_positional_encoding() -> None:
    turn = """def turn(angles):
    matrix = torch.zeros(len(angles), 2, 2)
    matrix[:, 0, 0] = torch.cos(angles)
    matrix[:, 0, 1] = -torch.sin(angles)
    matrix[:, 1, 0] = torch.sin(angles)
    matrix[:, 1, 1] = torch.cos(angles)
    return matrix
"""
    assert not check_text("import torch\n" + turn, Path("turn.py"))


def test_a_key_that_another_file_reads_is_read(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("""
class Net(nn.Module):
    def __init__(self, plan):
        super().__init__()
        count = plan["num_patches"]
        self.out = nn.Linear(count, plan.get("num_patches_val", count))
    def forward(self, x):
        return self.out(x)
""")
    (tmp_path / "train.py").write_text(
        HEAD + 'from net import Net\nnet = Net({"num_patches": 20, "depth": 2})\nopt = '
        "torch.optim.Adam(net.parameters(), lr=1e-3)\nfor x, y in train_loader:\n    opt.zero_grad()\n"
        "    F.cross_entropy(net(x), y).backward()\n    opt.step()\n"
    )
    assert "SB790" not in {f.code for f in check_paths([tmp_path])}

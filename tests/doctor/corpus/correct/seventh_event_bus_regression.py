"""Training as a stream of events: the loop emits, everything else subscribes."""
import copy
from collections import defaultdict

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Bus:
    def __init__(self):
        self._subs = defaultdict(list)

    def on(self, event, priority=0):
        def deco(fn):
            self._subs[event].append((priority, fn))
            self._subs[event].sort(key=lambda p: p[0])
            return fn
        return deco

    def emit(self, event, **kw):
        for _, fn in self._subs[event]:
            fn(**kw)


class StopTraining(Exception):
    pass


def make_data(n, gen):
    x = torch.randn(n, 6, generator=gen)
    y = 40 + 12 * torch.sin(x[:, 0] * 2) + 5 * x[:, 1] * x[:, 2] + torch.randn(n, generator=gen)
    return x, y


torch.manual_seed(11)
g = torch.Generator().manual_seed(5)
x, y = make_data(900, g)
cut_a, cut_b = 600, 750
mu_y, sd_y = y[:cut_a].mean(), y[:cut_a].std()


def scaled(lo, hi):
    return TensorDataset(x[lo:hi], (y[lo:hi] - mu_y) / sd_y)


train_dl = DataLoader(scaled(0, cut_a), batch_size=64, shuffle=True, generator=torch.Generator().manual_seed(1))
val_dl = DataLoader(scaled(cut_a, cut_b), batch_size=64)
test_dl = DataLoader(scaled(cut_b, 900), batch_size=64)

net = nn.Sequential(nn.Linear(6, 64), nn.GELU(), nn.Dropout(0.05), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.5, patience=3)
bus = Bus()
memory = {"best": float("inf"), "weights": None, "stale": 0, "log": []}


def rmse(loader):
    """Root of the sample-weighted squared error, in the units of y."""
    was = net.training
    net.eval()
    sse, n = 0.0, 0
    with torch.no_grad():
        for xb, yb in loader:
            sse += nn.functional.mse_loss(net(xb).squeeze(-1), yb, reduction="sum").item()
            n += len(yb)
    net.train(was)
    return (sse / n) ** 0.5 * sd_y.item()


@bus.on("before_batch")
def reset(**_):
    opt.zero_grad()


@bus.on("after_backward", priority=0)
def clip(**_):
    nn.utils.clip_grad_norm_(net.parameters(), 2.0)


@bus.on("after_backward", priority=10)
def update(**_):
    opt.step()


@bus.on("epoch_end", priority=0)
def validate(epoch, **_):
    memory["log"].append(rmse(val_dl))


@bus.on("epoch_end", priority=1)
def schedule(**_):
    plateau.step(memory["log"][-1])


@bus.on("epoch_end", priority=2)
def keep_best(epoch, **_):
    if memory["log"][-1] < memory["best"]:
        memory.update(best=memory["log"][-1], weights=copy.deepcopy(net.state_dict()), stale=0)
    else:
        memory["stale"] += 1
        if memory["stale"] >= 8:
            raise StopTraining(epoch)


@bus.on("fit_end")
def restore(**_):
    net.load_state_dict(memory["weights"])


try:
    for epoch in range(40):
        net.train()
        for xb, yb in train_dl:
            bus.emit("before_batch")
            loss = nn.functional.mse_loss(net(xb).squeeze(-1), yb)
            loss.backward()
            bus.emit("after_backward")
        bus.emit("epoch_end", epoch=epoch)
except StopTraining as stop:
    print("stopped early in epoch", stop.args[0])
bus.emit("fit_end")
print(f"best val rmse {memory['best']:.3f}  test rmse {rmse(test_dl):.3f}  std of y {y[cut_b:].std():.3f}")

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

TASKS = {
    "age": {"out": 1, "loss": nn.SmoothL1Loss(), "weight": 1.0},
    "sex": {"out": 2, "loss": nn.CrossEntropyLoss(), "weight": 0.5},
    "risk": {"out": 3, "loss": nn.CrossEntropyLoss(), "weight": 1.0},
}


class SharedNet(nn.Module):
    def __init__(self, n_in=10):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU())
        self.heads = nn.ModuleDict({k: nn.Linear(32, t["out"]) for k, t in TASKS.items()})

    def forward(self, x):
        h = self.trunk(x)
        return {k: head(h) for k, head in self.heads.items()}


def patients(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 10, generator=g)
    age = x[:, 0] + 0.5 * x[:, 1]
    sex = (x[:, 2] - x[:, 3] > 0).long()
    risk = torch.bucketize(x[:, 4] + x[:, 0], torch.tensor([-0.7, 0.7]))
    return TensorDataset(x, age, sex, risk)


def total_loss(outputs, targets):
    total = torch.zeros(())
    for name, task in TASKS.items():
        pred = outputs[name].squeeze(-1)
        total = task["weight"] * task["loss"](pred, targets[name])
    return total


def as_targets(age, sex, risk):
    return {"age": age, "sex": sex, "risk": risk}


def evaluate(model, loader):
    model.eval()
    sums, n = {"age": 0.0, "sex": 0.0, "risk": 0.0}, 0
    with torch.no_grad():
        for x, *t in loader:
            out, tgt = model(x), as_targets(*t)
            sums["age"] += (out["age"].squeeze(-1) - tgt["age"]).abs().sum().item()
            for k in ("sex", "risk"):
                sums[k] += (out[k].argmax(1) == tgt[k]).sum().item()
            n += len(x)
    return {k: round(v / n, 3) for k, v in sums.items()}


torch.manual_seed(18)
train_dl = DataLoader(patients(1000, 0), batch_size=50, shuffle=True)
val_dl = DataLoader(patients(300, 1), batch_size=100)
net = SharedNet()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for epoch in range(6):
    net.train()
    for x, *t in train_dl:
        opt.zero_grad()
        loss = total_loss(net(x), as_targets(*t))
        loss.backward()
        opt.step()
    print(epoch, evaluate(net, val_dl))

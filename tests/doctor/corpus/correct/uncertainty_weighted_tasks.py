import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset


class TwoTask(Dataset):
    """Each item: features, a real target and a class."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, 9, generator=g)
        self.value = self.x[:, 0] * 2 - self.x[:, 1] + 0.2 * torch.randn(n, generator=g)
        self.kind = (self.x[:, 2:5]).argmax(1)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"x": self.x[i], "value": self.value[i], "kind": self.kind[i]}


class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(9, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
        self.reg = nn.Linear(48, 1)
        self.cls = nn.Linear(48, 3)

    def forward(self, x):
        h = self.trunk(x)
        return {"value": self.reg(h)[:, 0], "kind": self.cls(h)}


class UncertaintyWeights(nn.Module):
    """Kendall, Gal, Cipolla 2018: loss_i * exp(-s_i) + s_i."""

    def __init__(self, tasks):
        super().__init__()
        self.log_var = nn.ParameterDict({t: nn.Parameter(torch.zeros(())) for t in tasks})

    def forward(self, losses):
        total = 0.0
        for name, loss in losses.items():
            s = self.log_var[name]
            total = total + torch.exp(-s) * loss + s
        return total


def losses_of(out, batch):
    return {
        "value": 0.5 * F.mse_loss(out["value"], batch["value"]),
        "kind": F.cross_entropy(out["kind"], batch["kind"]),
    }


def validate(model, loader):
    model.eval()
    sums, n = {"value": 0.0, "kind": 0.0}, 0
    with torch.no_grad():
        for batch in loader:
            for k, v in losses_of(model(batch["x"]), batch).items():
                sums[k] += v.item() * len(batch["x"])
            n += len(batch["x"])
    return {k: round(v / n, 4) for k, v in sums.items()}


def main():
    torch.manual_seed(0)
    train = DataLoader(TwoTask(480, 0), batch_size=48, shuffle=True)
    valid = DataLoader(TwoTask(120, 1), batch_size=60)
    model, weights = MultiTask(), UncertaintyWeights(["value", "kind"])
    opt = torch.optim.Adam(
        [{"params": model.parameters(), "weight_decay": 1e-5}, {"params": weights.parameters(), "lr": 1e-2}], lr=2e-3
    )
    for epoch in range(4):
        model.train()
        for batch in train:
            total = weights(losses_of(model(batch["x"]), batch))
            opt.zero_grad()
            total.backward()
            opt.step()
        print(epoch, validate(model, valid), {k: round(v.item(), 3) for k, v in weights.log_var.items()})


main()

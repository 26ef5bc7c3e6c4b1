# Multi-task learning with learned loss weights (Kendall, Gal & Cipolla 2018):
# one trunk; class of the digit, its mean brightness, and whether it has a loop.
from collections import defaultdict

import torch
from torch import nn
from torch.nn import functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset, random_split


class DigitsTasks(Dataset):
    def __init__(self):
        d = load_digits()
        self.x = torch.tensor(d.images, dtype=torch.float32) / 16
        self.cls = torch.tensor(d.target)
        self.loop = torch.isin(self.cls, torch.tensor([0, 6, 8, 9])).float()
        self.ink = self.x.mean((1, 2))

    def __len__(self):
        return len(self.cls)

    def __getitem__(self, i):
        return {"x": self.x[i]}, {"cls": self.cls[i], "loop": self.loop[i], "ink": self.ink[i]}


class MultiTask(nn.Module):
    LOSSES = {
        "cls": F.cross_entropy,
        "loop": F.binary_cross_entropy_with_logits,
        "ink": F.mse_loss,
    }

    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.heads = nn.ModuleDict({"cls": nn.Linear(32, 10), "loop": nn.Linear(32, 1), "ink": nn.Linear(32, 1)})
        self.log_var = nn.ParameterDict({k: nn.Parameter(torch.zeros(())) for k in self.heads})

    def forward(self, x):
        h = self.trunk(x)
        out = {k: head(h) for k, head in self.heads.items()}
        return {k: v.squeeze(-1) if k != "cls" else v for k, v in out.items()}

    def losses(self, out, target):
        return {k: fn(out[k], target[k]) for k, fn in self.LOSSES.items()}

    def combine(self, losses):
        total = 0.0
        for k, l in losses.items():
            s = self.log_var[k]
            scale = 0.5 if k == "ink" else 1.0            # Gaussian against softmax likelihood
            total = total + scale * torch.exp(-s) * l + 0.5 * s
        return total                                        # may become negative


def evaluate(model, loader):
    model.eval()
    sums, n = defaultdict(float), 0
    with torch.no_grad():
        for inp, t in loader:
            out = model(**inp)
            sums["cls acc"] += (out["cls"].argmax(-1) == t["cls"]).sum().item()
            sums["loop acc"] += ((out["loop"] > 0) == t["loop"].bool()).sum().item()
            sums["ink mae"] += (out["ink"] - t["ink"]).abs().sum().item()
            n += len(t["cls"])
    return {k: v / n for k, v in sums.items()}


def main():
    torch.manual_seed(0)
    ds = DigitsTasks()
    train, test = random_split(ds, [0.75, 0.25], generator=torch.Generator().manual_seed(0))
    loader, test_loader = DataLoader(train, 64, shuffle=True), DataLoader(test, 128)

    model = MultiTask()
    optimizer = torch.optim.Adam([
        {"params": [*model.trunk.parameters(), *model.heads.parameters()], "weight_decay": 1e-5},
        {"params": model.log_var.parameters(), "lr": 1e-2},          # no decay: it would pull the weights to 1
    ], lr=2e-3)

    for epoch in range(10):
        model.train()
        for inp, target in loader:
            total = model.combine(model.losses(model(**inp), target))
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
        if epoch % 3 == 0:
            m = evaluate(model, test_loader)
            w = {k: round(torch.exp(-s).item(), 2) for k, s in model.log_var.items()}
            print(f"epoch {epoch} total {total.item():+.3f} weights {w} " + " ".join(f"{k} {v:.3f}" for k, v in m.items()))


if __name__ == "__main__":
    main()

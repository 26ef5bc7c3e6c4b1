"""Two heads, two losses, learned weights (Kendall et al.). Some labels are missing: masked means."""
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Batch(NamedTuple):
    x: torch.Tensor
    kind: torch.Tensor      # class, -100 where unknown
    size: torch.Tensor      # real number, nan where unknown


class Toy(Dataset):
    def __init__(self, n, seed, missing):
        g = torch.Generator().manual_seed(seed)
        w = torch.Generator().manual_seed(0)                 # the same world for all splits
        a, b = torch.randn(8, 3, generator=w), torch.randn(8, generator=w)
        self.x = torch.randn(n, 8, generator=g)
        self.kind = (torch.tanh(self.x) @ a + 0.3 * torch.randn(n, 3, generator=g)).argmax(1)
        self.size = 50 + 10 * (torch.sin(self.x) @ b) + 2 * torch.randn(n, generator=g)
        self.kind[torch.rand(n, generator=g) < missing] = -100
        self.size[torch.rand(n, generator=g) < missing] = float("nan")

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return Batch(self.x[i], self.kind[i], self.size[i])


class TwoHeads(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 48), nn.Mish(), nn.Linear(48, 48), nn.Mish())
        self.kind, self.size = nn.Linear(48, 3), nn.Linear(48, 1)
        self.log_var = nn.Parameter(torch.zeros(2))          # one for each task; begins with equal weights
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, x):
        h = self.trunk(x)
        return self.kind(h), self.size(h).squeeze(1)         # class scores, standardised size

    def losses(self, batch):
        scores, z = self(batch.x)
        ce = nn.functional.cross_entropy(scores, batch.kind, reduction="sum", ignore_index=-100)
        ce = ce / (batch.kind != -100).sum().clamp(min=1)    # a batch with no label gives 0, not nan
        known = ~torch.isnan(batch.size)
        target = (batch.size[known] - self.mean) / self.std  # select first: nan * 0 would still be nan
        mse = (z[known] - target).square().sum() / known.sum().clamp(min=1)
        return ce, mse

    def combine(self, ce, mse):
        """exp(-s) * L + s/2 (classification), exp(-s)/2 * L + s/2 (regression)"""
        s = self.log_var
        return torch.exp(-s[0]) * ce + torch.exp(-s[1]) * mse / 2 + s.sum() / 2


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    right = labelled = measured = 0
    err = 0.0
    for batch in loader:
        scores, z = model(batch.x)
        labelled += (batch.kind != -100).sum().item()
        right += (scores.argmax(1) == batch.kind).sum().item()         # -100 is never equal to a class
        gap = (z * model.std + model.mean - batch.size).abs()
        err += torch.nansum(gap).item()
        measured += (~torch.isnan(gap)).sum().item()
    return right / labelled, err / measured


def main():
    torch.manual_seed(1)
    train, test = Toy(1000, 1, missing=0.3), Toy(400, 2, missing=0.1)
    known = train.size[~torch.isnan(train.size)]
    model = TwoHeads(known.mean(), known.std())
    opt = torch.optim.Adam([{"params": [p for n, p in model.named_parameters() if n != "log_var"], "lr": 3e-3},
                            {"params": [model.log_var], "lr": 1e-2}])
    loader, test_loader = DataLoader(train, 50, shuffle=True), DataLoader(test, 200)
    for epoch in range(8):
        model.train()
        for batch in loader:
            loss = model.combine(*model.losses(batch))       # may go below zero, because of s
            opt.zero_grad()
            loss.backward()
            opt.step()
        acc, mae = evaluate(model, test_loader)
        weights = torch.exp(-model.log_var.detach()).tolist()
        print(f"epoch {epoch}: loss {loss.item():+.3f} acc {acc:.3f} mae {mae:.2f} weights {[round(w, 2) for w in weights]}")


if __name__ == "__main__":
    main()

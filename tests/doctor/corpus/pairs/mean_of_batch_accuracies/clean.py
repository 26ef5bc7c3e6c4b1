from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@torch.inference_mode()
def evaluate(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    hits = []
    for x, y in loader:
        hits.append((model(x).argmax(-1) == y).float())
    return torch.cat(hits).mean().item()


def main() -> None:
    torch.manual_seed(210)
    x = torch.randn(500, 6)
    y = (x.square().sum(1) > 6).long()
    train = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=40, shuffle=True)
    val = DataLoader(TensorDataset(x[400:], y[400:]), batch_size=48)
    model = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 2))
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(5):
        model.train()
        for xb, yb in train:
            opt.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(model(xb), yb).backward()
            opt.step()
        print(epoch, evaluate(model, val))


if __name__ == "__main__":
    main()

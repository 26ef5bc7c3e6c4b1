"""Cell type annotation from a small expression matrix."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split


class ExpressionSet(Dataset):
    def __init__(self, n_cells=900, n_genes=120, n_types=6, seed=2):
        rng = np.random.default_rng(seed)
        kind = rng.integers(0, n_types, n_cells)
        rate = rng.gamma(2.0, 1.0, size=(n_types, n_genes))
        profile = 1.0 + 0.12 * (rate - 2.0)
        depth = rng.lognormal(0.0, 0.4, size=(n_cells, 1))
        counts = rng.poisson(np.clip(profile[kind], 0.05, None) * depth)
        wrong = rng.random(n_cells) < 0.15
        kind = np.where(wrong, rng.integers(0, n_types, n_cells), kind)
        per_cell = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        self.values = torch.tensor(np.log1p(per_cell * 300), dtype=torch.float32)
        self.labels = torch.tensor(kind, dtype=torch.long)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.values[i], self.labels[i]


def make_loaders(data, val_share=0.25, batch_size=32, seed=2):
    n_val = int(len(data) * val_share)
    gen = torch.Generator().manual_seed(seed)
    train_part, val_part = random_split(data, [len(data) - n_val, n_val], generator=gen)
    train_loader = DataLoader(train_part, batch_size=batch_size, shuffle=True)
    val_loader = DataLoader(val_part, batch_size=128)
    return train_loader, val_loader


def train(model, loader, opt, loss_fn):
    model.train()
    for x, y in loader:
        opt.zero_grad()
        loss_fn(model(x), y).backward()
        opt.step()


def evaluate(model, loader):
    model.eval()
    hits = 0
    with torch.no_grad():
        for x, y in loader:
            hits += (model(x).argmax(1) == y).sum().item()
    return hits / len(loader.dataset)


def main():
    torch.manual_seed(2)
    train_loader, val_loader = make_loaders(ExpressionSet())
    model = nn.Sequential(nn.LayerNorm(120), nn.Linear(120, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 6))
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(14):
        train(model, train_loader, opt, loss_fn)
        if epoch % 2 == 1:
            print(f"epoch {epoch + 1:2d}: val acc {evaluate(model, val_loader):.3f}")


if __name__ == "__main__":
    main()

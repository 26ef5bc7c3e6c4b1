from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Settings:
    sizes: tuple[int, ...] = (2400, 300, 90)
    dim: int = 10
    hidden: int = 32
    batch_size: int = 64
    epochs: int = 10
    betas: tuple[float, float] = (0.9, 0.99)
    lr: float = 2e-3
    seed: int = 14
    names: list[str] = field(default_factory=lambda: ["healthy", "worn", "cracked"])


def bearings(sizes: tuple[int, ...], dim: int, g: torch.Generator) -> tuple[Tensor, Tensor]:
    """Vibration features: the more damage, the further along two of the axes."""
    xs, ys = [], []
    for k, n in enumerate(sizes):
        x = torch.randn(n, dim, generator=g)
        x[:, 0] += 1.4 * k
        x[:, 1] -= 1.0 * k
        xs.append(x)
        ys.append(torch.full((n,), k))
    return torch.cat(xs), torch.cat(ys)


def stratified_split(y: Tensor, share: float, g: torch.Generator) -> tuple[Tensor, Tensor]:
    train, test = [], []
    for k in y.unique():
        rows = (y == k).nonzero().flatten()
        rows = rows[torch.randperm(len(rows), generator=g)]
        n = int(len(rows) * share)
        test.append(rows[:n])
        train.append(rows[n:])
    return torch.cat(train), torch.cat(test)


def balance(y: Tensor, n_classes: int) -> Tensor:
    counts = torch.bincount(y, minlength=n_classes).float()
    return len(counts) * counts / counts.sum()


def recalls(model: nn.Module, x: Tensor, y: Tensor, n_classes: int) -> Tensor:
    model.eval()
    with torch.no_grad():
        guess = model(x).argmax(1)
    table = torch.zeros(n_classes, n_classes)
    table.index_put_((y, guess), torch.ones(len(y)), accumulate=True)
    return table.diag() / table.sum(1)


def main(s: Settings) -> None:
    g = torch.Generator().manual_seed(s.seed)
    torch.manual_seed(s.seed)
    x, y = bearings(s.sizes, s.dim, g)
    tr, te = stratified_split(y, 0.3, g)

    model = nn.Sequential(nn.Linear(s.dim, s.hidden), nn.ReLU(), nn.Linear(s.hidden, len(s.names)))
    loss_fn = nn.CrossEntropyLoss(weight=balance(y[tr], len(s.names)))
    opt = torch.optim.Adam(model.parameters(), lr=s.lr, betas=s.betas)
    loader = DataLoader(TensorDataset(x[tr], y[tr]), batch_size=s.batch_size, shuffle=True)
    for _ in range(s.epochs):
        model.train()
        for xb, yb in loader:
            opt.zero_grad()
            loss_fn(model(xb), yb).backward()
            opt.step()

    r = recalls(model, x[te], y[te], len(s.names))
    for name, value in zip(s.names, r.tolist()):
        print(f"{name:8s} recall {value:.3f}")
    print(f"balanced accuracy {r.mean().item():.3f}")


if __name__ == "__main__":
    main(Settings())

import torch
from torch import nn, Tensor
from torch.utils.data import DataLoader, TensorDataset


def population(n: int, seed: int) -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 10, generator=g)
    p = torch.sigmoid(1.2 * x[:, 0] - 0.8 * x[:, 1] - 3.0)
    return x, (torch.rand(n, generator=g) < p).long()


def oversample(x: Tensor, y: Tensor, g: torch.Generator) -> tuple[Tensor, Tensor]:
    minority = (y == 1).nonzero().flatten()
    missing = int((y == 0).sum()) - len(minority)
    extra = minority[torch.randint(len(minority), (missing,), generator=g)]
    return torch.cat([x, x[extra]]), torch.cat([y, y[extra]])


def holdout(x: Tensor, y: Tensor, share: float, g: torch.Generator):
    order = torch.randperm(len(x), generator=g)
    k = int(len(x) * share)
    return x[order[k:]], y[order[k:]], x[order[:k]], y[order[:k]]


def balanced_accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    model.eval()
    with torch.no_grad():
        hit = (model(x).argmax(1) == y).float()
    return (0.5 * hit[y == 0].mean() + 0.5 * hit[y == 1].mean()).item()


def main() -> None:
    torch.manual_seed(14)
    g = torch.Generator().manual_seed(14)
    x, y = population(1400, seed=14)
    x_tr, y_tr, x_te, y_te = holdout(x, y, 0.25, g)
    x_tr, y_tr = oversample(x_tr, y_tr, g)
    loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=64, shuffle=True)
    model = nn.Sequential(nn.Linear(10, 96), nn.ReLU(), nn.Linear(96, 2))
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(25):
        model.train()
        for xb, yb in loader:
            opt.zero_grad()
            nn.functional.cross_entropy(model(xb), yb).backward()
            opt.step()
    print(f"balanced accuracy on held-out rows: {balanced_accuracy(model, x_te, y_te):.3f}")


main()

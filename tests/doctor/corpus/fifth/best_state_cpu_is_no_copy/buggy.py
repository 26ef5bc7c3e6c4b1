from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F


class EarlyStopping:
    def __init__(self, patience: int = 30) -> None:
        self.patience = patience
        self.best = float("inf")
        self.bad_epochs = 0
        self.best_epoch = -1
        self.weights: dict[str, torch.Tensor] | None = None

    def update(self, epoch: int, value: float, model: nn.Module) -> bool:
        if value < self.best:
            self.best, self.best_epoch, self.bad_epochs = value, epoch, 0
            self.weights = {k: v.detach().cpu() for k, v in model.state_dict().items()}
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience

    def restore(self, model: nn.Module) -> None:
        assert self.weights is not None
        model.load_state_dict(self.weights)


def noisy_problem(n: int, gen: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.rand(n, 1, generator=gen) * 4 - 2
    return x, torch.sin(2 * x) + 0.4 * torch.randn(n, 1, generator=gen)


def mse(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    model.eval()
    with torch.no_grad():
        return F.mse_loss(model(x), y).item()


def main() -> None:
    torch.manual_seed(6)
    gen = torch.Generator().manual_seed(6)
    (xtr, ytr), (xva, yva), (xte, yte) = (noisy_problem(n, gen) for n in (60, 150, 500))
    model = nn.Sequential(nn.Linear(1, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 1))
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    stopper = EarlyStopping()
    for epoch in range(400):
        model.train()
        opt.zero_grad()
        F.mse_loss(model(xtr), ytr).backward()
        opt.step()
        if stopper.update(epoch, mse(model, xva, yva), model):
            break
    stopper.restore(model)
    print(f"stopped after {epoch + 1} epochs, best epoch {stopper.best_epoch + 1}")
    print(f"best val {stopper.best:.4f}, val of the kept weights {mse(model, xva, yva):.4f}, test {mse(model, xte, yte):.4f}")


if __name__ == "__main__":
    main()

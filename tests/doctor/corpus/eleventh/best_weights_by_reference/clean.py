import copy
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn


@dataclass
class EarlyStopping:
    patience: int = 15
    best_score: float = float("inf")
    best_epoch: int = -1
    bad_epochs: int = 0
    best_weights: dict = field(default_factory=dict)

    def step(self, score: float, model: nn.Module, epoch: int) -> bool:
        """Returns True when training should stop."""
        if score < self.best_score:
            self.best_score = score
            self.best_epoch = epoch
            self.bad_epochs = 0
            self.best_weights = copy.deepcopy(model.state_dict())
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience


def make_split(n: int, gen: torch.Generator) -> tuple[Tensor, Tensor]:
    x = torch.rand(n, 1, generator=gen) * 6 - 3
    y = torch.sin(2 * x) + 0.4 * torch.randn(n, 1, generator=gen)
    return x, y


def mse(model: nn.Module, x: Tensor, y: Tensor) -> float:
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(x), y).item()


def main() -> None:
    torch.manual_seed(4)
    gen = torch.Generator().manual_seed(4)
    x_train, y_train = make_split(30, gen)  # few points: the net overfits after a while
    x_val, y_val = make_split(200, gen)
    x_test, y_test = make_split(200, gen)

    model = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    stopper = EarlyStopping()

    for epoch in range(300):
        model.train()
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x_train), y_train).backward()
        optimizer.step()
        if stopper.step(mse(model, x_val, y_val), model, epoch):
            print(f"early stop at epoch {epoch}, best was {stopper.best_epoch} ({stopper.best_score:.4f})")
            break

    model.load_state_dict(stopper.best_weights)
    print(f"val {mse(model, x_val, y_val):.4f}  test {mse(model, x_test, y_test):.4f}")


if __name__ == "__main__":
    main()

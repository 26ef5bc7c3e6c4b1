import math
import torch
import torch.nn as nn


def make_data(n: int, noise: float = 0.3):
    x = torch.rand(n, 1) * 6 - 3
    return x, torch.sin(2 * x) + noise * torch.randn(n, 1)


def snapshot(model: nn.Module) -> dict:
    return {name: value.detach() for name, value in model.state_dict().items()}


@torch.no_grad()
def mse(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    model.eval()
    return nn.functional.mse_loss(model(x), y).item()


def fit(model, train, val, epochs=150, lr=1e-2):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    x, y = train
    best_val, best_weights = math.inf, snapshot(model)
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(16):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x[idx]), y[idx]).backward()
            optimizer.step()
        current = mse(model, *val)
        if current < best_val:
            best_val, best_weights = current, snapshot(model)
    model.load_state_dict(best_weights)
    return best_val


if __name__ == "__main__":
    torch.manual_seed(3)
    train, val, test = make_data(64), make_data(200), make_data(400)
    model = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    best = fit(model, train, val)
    print(f"best val {best:.4f}  val of the returned model {mse(model, *val):.4f}  test {mse(model, *test):.4f}")

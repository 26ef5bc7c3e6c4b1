import copy
import math

import torch
import torch.nn.functional as F
from torch import nn


def toy_series(n, noise, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 1, generator=g) * 2 * math.pi
    y = torch.sin(x) + noise * torch.randn(n, 1, generator=g)
    return x - math.pi, y


def fit_with_selection(model, train, valid, epochs, lr):
    """Full-batch training; returns the weights with the lowest validation error."""
    x, y = train
    vx, vy = valid
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    best_err, best_epoch, best_state = float("inf"), -1, None
    for epoch in range(epochs):
        model.train()
        opt.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        opt.step()

        model.eval()
        with torch.no_grad():
            err = F.mse_loss(model(vx), vy).item()
        if err < best_err:
            best_err, best_epoch = err, epoch
            best_state = copy.deepcopy(model.state_dict())
    return best_state, best_err, best_epoch


def main():
    torch.manual_seed(5)
    train = toy_series(30, noise=0.4, seed=0)
    valid = toy_series(200, noise=0.4, seed=1)
    test = toy_series(1000, noise=0.4, seed=2)
    model = nn.Sequential(nn.Linear(1, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 1))
    state, err, epoch = fit_with_selection(model, train, valid, epochs=700, lr=5e-3)
    model.load_state_dict(state)
    with torch.no_grad():
        test_err = F.mse_loss(model(test[0]), test[1]).item()
    print(f"best epoch {epoch}: validation {err:.4f}, test {test_err:.4f}")


if __name__ == "__main__":
    main()

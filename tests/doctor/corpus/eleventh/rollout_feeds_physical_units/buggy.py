import numpy as np
import torch
from torch import nn

CFG = dict(n_cells=32, dt=0.2, n_traj=40, n_steps=30, epochs=20, lr=2e-3, batch=64, seed=8)


def simulate(n, cfg, rng):
    """Periodic heat equation in Kelvin (around 300 K), explicit scheme."""
    x = np.arange(cfg["n_cells"]) / cfg["n_cells"] * 2 * np.pi
    T = 300 + sum(rng.normal(0, 8, (n, 1)) * np.sin(k * x + rng.uniform(0, 2 * np.pi, (n, 1))) for k in (1, 2, 3))
    out = [T]
    for _ in range(cfg["n_steps"]):
        T = T + cfg["dt"] * (np.roll(T, 1, 1) - 2 * T + np.roll(T, -1, 1))
        out.append(T)
    return torch.tensor(np.stack(out, 1), dtype=torch.float32)


class Surrogate(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(1, hidden, 3, padding=1, padding_mode="circular"), nn.GELU(),
            nn.Conv1d(hidden, 1, 3, padding=1, padding_mode="circular"),
        )

    def forward(self, x):                       # normalised state in, normalised change out
        return self.net(x.unsqueeze(1)).squeeze(1)


@torch.no_grad()
def rollout(model, T0, steps, stats):
    model.eval()
    T, out = T0, [T0]
    for _ in range(steps):
        d = model(T)
        T = T + d * stats["d_std"] + stats["d_mean"]
        out.append(T)
    return torch.stack(out, 1)


def main(cfg):
    torch.manual_seed(cfg["seed"])
    rng = np.random.default_rng(cfg["seed"])
    train, test = simulate(cfg["n_traj"], cfg, rng), simulate(8, cfg, rng)
    x, d = train[:, :-1].flatten(0, 1), train.diff(dim=1).flatten(0, 1)
    stats = dict(x_mean=x.mean(), x_std=x.std(), d_mean=d.mean(), d_std=d.std())
    xn, dn = (x - stats["x_mean"]) / stats["x_std"], (d - stats["d_mean"]) / stats["d_std"]

    model = Surrogate()
    opt = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    for epoch in range(cfg["epochs"]):
        model.train()
        for idx in torch.randperm(len(xn)).split(cfg["batch"]):
            loss = nn.functional.mse_loss(model(xn[idx]), dn[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    pred = rollout(model, test[:, 0], cfg["n_steps"], stats)
    rmse = (pred - test).pow(2).mean(dim=(0, 2)).sqrt()
    print(f"one-step loss {loss.item():.4f}")
    print("rollout RMSE [K] at 1, 10, 30 steps:", *[f"{rmse[k].item():.3f}" for k in (1, 10, 30)])


main(CFG)

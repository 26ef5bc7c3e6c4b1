"""Learn the vector field of a damped oscillator through a hand-written RK4 solver."""
import numpy as np
import torch
import torch.nn as nn

DT = 0.1
DAMPED = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])


def rk4_step(f, y, dt):
    k1 = f(y)
    k2 = f(y + 0.5 * dt * k1)
    k3 = f(y + 0.5 * dt * k2)
    k4 = f(y + dt * k3)
    return y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def integrate(f, y0, steps, dt=DT):
    path = [y0]
    for _ in range(steps):
        path.append(rk4_step(f, path[-1], dt))
    return torch.stack(path)  # steps + 1, batch, 2


class Field(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 2))
        for layer in self.net:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.1)
                nn.init.zeros_(layer.bias)

    def forward(self, y):
        return self.net(y ** 3)


def true_field(y):
    return y ** 3 @ DAMPED.T


def random_starts(n, rng):
    radius = rng.uniform(0.8, 1.3, size=n)
    angle = rng.uniform(0, 2 * np.pi, size=n)
    xy = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return torch.from_numpy(xy).float()


def segments(paths, length, batch, rng):
    """Random windows of the observed trajectories, as (length + 1, batch, 2)."""
    t0 = rng.integers(0, paths.size(0) - length, size=batch)
    who = rng.integers(0, paths.size(1), size=batch)
    return torch.stack([paths[t:t + length + 1, w] for t, w in zip(t0, who)], dim=1)


def main():
    torch.manual_seed(3)
    rng = np.random.default_rng(3)
    train_paths = integrate(true_field, random_starts(20, rng), steps=60)
    observed = train_paths + 0.01 * torch.randn(train_paths.shape)
    test_paths = integrate(true_field, random_starts(10, rng), steps=60)

    field = Field()
    opt = torch.optim.Adam(field.parameters(), lr=5e-3)
    for it in range(1, 251):
        window = segments(observed, length=8, batch=32, rng=rng)
        pred = integrate(field, window[0], steps=8)
        loss = (pred[1:] - window[1:]).abs().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 50 == 0:
            with torch.no_grad():
                rollout = integrate(field, test_paths[0], steps=60)
            error = (rollout - test_paths).norm(dim=-1).mean().item()
            print(f"iter {it}: train L1 {loss.item():.4f}, error of held-out rollouts {error:.4f}")


if __name__ == "__main__":
    main()

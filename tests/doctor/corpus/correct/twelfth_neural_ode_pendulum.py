"""Learn the vector field of a pendulum from short noisy trajectories, integrating with RK4."""
import numpy as np
import torch
import torch.nn as nn

DT, STEPS = 0.1, 10


def pendulum(state):
    theta, omega = state[..., 0], state[..., 1]
    return torch.stack([omega, -2.0 * torch.sin(theta) - 0.1 * omega], dim=-1)


def rk4(f, y):
    k1 = f(y)
    k2 = f(y + 0.5 * DT * k1)
    k3 = f(y + 0.5 * DT * k2)
    k4 = f(y + DT * k3)
    return y + DT / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def integrate(f, y0, steps):
    states = [y0]
    for _ in range(steps):
        states.append(rk4(f, states[-1]))
    return torch.stack(states, dim=1)


class VectorField(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
                                 nn.Linear(width, 2))
        nn.init.normal_(self.net[-1].weight, std=0.05)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, y):
        return self.net(y)


def initial_states(rng, n):
    return torch.tensor(rng.uniform([-1.5, -1.5], [1.5, 1.5], size=(n, 2)), dtype=torch.float32)


def main():
    torch.manual_seed(20)
    rng = np.random.default_rng(20)
    clean = integrate(pendulum, initial_states(rng, 150), STEPS)
    observed = clean[:, 1:] + 0.02 * torch.randn_like(clean[:, 1:])
    start = clean[:, 0]
    test = integrate(pendulum, initial_states(rng, 40), 3 * STEPS)

    field = VectorField()
    optimizer = torch.optim.Adam(field.parameters(), lr=5e-3)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[20, 30], gamma=0.3)
    for epoch in range(36):
        total = 0.0
        for idx in torch.randperm(len(start)).split(50):
            pred = integrate(field, start[idx], STEPS)[:, 1:]
            loss = (pred - observed[idx]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(field.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(idx)
        scheduler.step()
        if epoch % 9 == 8:
            print(f"epoch {epoch + 1} mse {total / len(start):.5f}")

    with torch.no_grad():
        rollout = integrate(field, test[:, 0], 3 * STEPS)
    rmse = (rollout - test).square().mean(dim=(0, 2)).sqrt()
    print(f"rollout rmse at t={STEPS * DT:.1f}: {rmse[STEPS].item():.4f}, at t={3 * STEPS * DT:.1f}: {rmse[-1].item():.4f}")


if __name__ == "__main__":
    main()

import torch
import torch.nn as nn

torch.manual_seed(0)
DT, N = 0.1, 20


def rk4(f, y, dt):
    k1 = f(y)
    k2 = f(y + dt / 2 * k1)
    k3 = f(y + dt / 2 * k2)
    k4 = f(y + dt * k3)
    return y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def integrate(f, y, n, dt=DT):
    out = [y]
    for _ in range(n):
        y = rk4(f, y, dt)
        out.append(y)
    return torch.stack(out, 1)


def pendulum(y):
    th, om = y.unbind(-1)
    return torch.stack([om, -torch.sin(th) * 2.0 - 0.2 * om], -1)


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, y):
        return self.net(y)


with torch.no_grad():
    clean = integrate(pendulum, torch.rand(60, 2) * 3 - 1.5, N)
    traj = clean + 0.01 * torch.randn_like(clean)
train, val, val_clean = traj[:48], traj[48:], clean[48:]

f = Field()
opt = torch.optim.Adam(f.parameters(), lr=1e-2)
for it in range(121):
    # the horizon grows: short pieces first
    h = min(N, 3 + it // 12)
    s = torch.randint(0, N - h + 1, ()).item()
    i = torch.randperm(len(train))[:24]
    loss = (integrate(f, train[i, s], h) - train[i, s:s + h + 1])[:, 1:].square().mean()     # the start is given
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(f.parameters(), 1.0)
    opt.step()
    if it % 40 == 0:
        with torch.no_grad():
            v = (integrate(f, val[:, 0], N) - val_clean)[:, 1:].square().mean().item()
        print(f"it {it} horizon {h} train {loss.item():.4f} val {v:.4f}")

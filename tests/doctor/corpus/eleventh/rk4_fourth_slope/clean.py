import torch
import torch.nn as nn

torch.manual_seed(6)


def rk4_step(f, y, dt):
    k1 = f(y)
    k2 = f(y + 0.5 * dt * k1)
    k3 = f(y + 0.5 * dt * k2)
    k4 = f(y + dt * k3)
    return y + dt / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4)


def odeint(f, y0, dt, n):
    ys = [y0]
    for _ in range(n):
        ys.append(rk4_step(f, ys[-1], dt))
    return torch.stack(ys, dim=1)


class ODEFunc(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, y):
        return self.net(y)


# 감쇠 진동자: 정확한 해를 알고 있으므로 데이터는 행렬 지수함수로 만든다
A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
DT, STEPS = 0.5, 3
propagator = torch.matrix_exp(A * DT)


def trajectories(n):
    y = [2 * torch.rand(n, 2) - 1]
    for _ in range(STEPS):
        y.append(y[-1] @ propagator.t())
    return torch.stack(y, dim=1)


train, test = trajectories(128), trajectories(32)
func = ODEFunc()
opt = torch.optim.Adam(func.parameters(), lr=1e-2)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=60)
for epoch in range(60):
    for idx in torch.randperm(128).split(32):
        pred = odeint(func, train[idx, 0], DT, STEPS)
        loss = (pred - train[idx]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    sched.step()

with torch.no_grad():
    mse = (odeint(func, test[:, 0], DT, STEPS) - test).pow(2).mean().item()
    field = (func(test[:, 0]) - test[:, 0] @ A.t()).pow(2).mean().item()
print(f"train {loss.item():.2e}  test trajectory mse {mse:.2e}  vector field mse {field:.2e}")

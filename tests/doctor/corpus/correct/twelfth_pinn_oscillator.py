"""Physics-informed network for the damped oscillator u'' + 2*d*u' + w^2*u = 0, u(0)=1, u'(0)=0."""
import math

import torch
import torch.nn as nn

torch.manual_seed(7)
DAMP, OMEGA, T_END = 0.5, 3.0, 2.5


def exact(t):
    w = math.sqrt(OMEGA ** 2 - DAMP ** 2)
    return torch.exp(-DAMP * t) * (torch.cos(w * t) + DAMP / w * torch.sin(w * t))


class FCN(nn.Module):
    def __init__(self, width=32, depth=3):
        super().__init__()
        layers = [nn.Linear(1, width), nn.Tanh()]
        for _ in range(depth - 1):
            layers += [nn.Linear(width, width), nn.Tanh()]
        self.net = nn.Sequential(*layers, nn.Linear(width, 1))
        for m in self.net:
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, t):
        return self.net(2 * t / T_END - 1)


def derivative(u, t):
    return torch.autograd.grad(u, t, torch.ones_like(u), create_graph=True)[0]


def loss_terms(model, n_points):
    t = (torch.rand(n_points, 1) * T_END).requires_grad_()
    u = model(t)
    du = derivative(u, t)
    ddu = derivative(du, t)
    residual = ddu + 2 * DAMP * du + OMEGA ** 2 * u

    t0 = torch.zeros(1, 1, requires_grad=True)
    u0 = model(t0)
    du0 = derivative(u0, t0)
    return residual.pow(2).mean(), (u0 - 1).pow(2).mean() + du0.pow(2).mean()


model = FCN()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.998)
for step in range(900):
    optimizer.zero_grad()
    physics, initial = loss_terms(model, 64)
    loss = physics + 50.0 * initial
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 150 == 0:
        print(f"step {step:4d} physics {physics.item():.4f} initial {initial.item():.6f}")

grid = torch.linspace(0, T_END, 200).unsqueeze(1)
with torch.no_grad():
    truth = exact(grid)
    rel = (model(grid) - truth).norm() / truth.norm()
print(f"relative L2 error {rel.item():.4f}")

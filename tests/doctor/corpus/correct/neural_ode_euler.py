import torch
from torch import nn


class ODEFunc(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, t, y):
        return self.net(y)


def odeint(func, y0, t):
    ys, y = [y0], y0
    for a, b in zip(t[:-1], t[1:]):
        y = y + (b - a) * func(a, y)
        ys.append(y)
    return torch.stack(ys)


torch.manual_seed(63)
t = torch.linspace(0, 2, 20)
true_a = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
y0 = torch.tensor([[2.0, 0.0]])
with torch.no_grad():
    target = odeint(lambda s, y: y @ true_a, y0, t)
func = ODEFunc()
opt = torch.optim.RMSprop(func.parameters(), lr=5e-3)
for it in range(50):
    opt.zero_grad()
    loss = (odeint(func, y0, t) - target).abs().mean()
    loss.backward()
    opt.step()
print("loss", loss.item())

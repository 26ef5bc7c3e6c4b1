import torch
import torch.nn as nn

torch.manual_seed(41)
T = 50
beta = torch.linspace(1e-4, 0.1, T)
abar = torch.cumprod(1 - beta, 0)


class Eps(nn.Module):
    def __init__(self):
        super().__init__()
        self.t = nn.Embedding(T, 16)
        self.net = nn.Sequential(nn.Linear(2 + 16, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2))

    def forward(self, x, t):
        return self.net(torch.cat([x, self.t(t)], 1))


data = torch.randn(500, 2) * torch.tensor([1.0, 0.2])
model = Eps()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(120):
    x0 = data[torch.randint(0, 500, (64,))]
    t = torch.randint(0, T, (64,))
    noise = torch.randn_like(x0)
    a = abar[t].unsqueeze(1)
    xt = a.sqrt() * x0 + (1 - a).sqrt() * noise
    loss = nn.functional.mse_loss(model(xt, t), noise)
    opt.zero_grad()
    loss.backward()
    opt.step()


@torch.no_grad()
def sample(n):
    model.eval()
    x = torch.randn(n, 2)
    for k in reversed(range(T)):
        t = torch.full((n,), k)
        x = (x - beta[k] / (1 - abar[k]).sqrt() * model(x, t)) / (1 - beta[k]).sqrt()
        if k > 0:
            x = x + beta[k].sqrt() * torch.randn_like(x)
    return x


print(loss.item(), sample(100).std(0).tolist())

import torch
import torch.nn as nn


class Residual(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.f = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, d), nn.ReLU(), nn.Linear(d, d))

    def forward(self, x):
        return x + self.f(x)


def build(d_in, d, depth, d_out):
    body = [Residual(d)] * depth
    return nn.Sequential(nn.Linear(d_in, d), *body, nn.Linear(d, d_out))


torch.manual_seed(92)
x = torch.randn(600, 5)
y = torch.stack([x.prod(1), x.sum(1).sin()], 1)
model = build(5, 32, 4, 2)
print("parameters:", sum(p.numel() for p in model.parameters()))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for ep in range(5):
    model.train()
    for b in torch.randperm(480).split(32):
        opt.zero_grad()
        nn.functional.mse_loss(model(x[b]), y[b]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(ep, nn.functional.mse_loss(model(x[480:]), y[480:]).item())

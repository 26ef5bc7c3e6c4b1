import math
import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r: int = 4, alpha: float = 8.0):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(r, base.in_features) / math.sqrt(base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
        self.scale = alpha / r

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.A.T) @ self.B.T


def inject(model, r=4):
    for name, child in model.named_children():
        if isinstance(child, nn.Linear):
            setattr(model, name, LoRALinear(child, r))
        else:
            inject(child, r)


torch.manual_seed(42)
x = torch.randn(400, 10)
model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 3))
pre = torch.optim.Adam(model.parameters(), lr=5e-3)
for _ in range(60):
    i = torch.randint(0, 400, (64,))
    pre.zero_grad()
    nn.functional.cross_entropy(model(x[i]), x[i, :3].argmax(1)).backward()
    pre.step()

inject(model)
y = x[:, 3:6].argmax(1)
opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
for epoch in range(5):
    model.train()
    for i in torch.randperm(320).split(32):
        opt.zero_grad()
        nn.functional.cross_entropy(model(x[i]), y[i]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (model(x[320:]).argmax(1) == y[320:]).float().mean().item())

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

torch.manual_seed(41)
x = torch.randn(500, 10)
y = (x[:, :2].prod(1) > 0).long()

stages = nn.ModuleList([nn.Linear(10, 32), nn.Linear(32, 32), nn.Linear(32, 2)])


def forward(x):
    for i, s in enumerate(stages):
        x = s(x)
        if i < len(stages) - 1:
            x = torch.relu(x)
    return x


decays = [1.0, 0.95, 0.4]
opt = torch.optim.Adam([{"params": s.parameters()} for s in stages], lr=5e-3)
sched = LambdaLR(opt, [lambda epoch: d ** epoch for d in decays])

for epoch in range(15):
    for idx in torch.randperm(400).split(40):
        opt.zero_grad()
        nn.functional.cross_entropy(forward(x[idx]), y[idx]).backward()
        opt.step()
    sched.step()

print("rates", [f"{g['lr']:.2e}" for g in opt.param_groups])
with torch.no_grad():
    print("val acc", (forward(x[400:]).argmax(1) == y[400:]).float().mean().item())

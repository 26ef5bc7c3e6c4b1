import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

torch.manual_seed(72)
x = torch.randn(400, 7)
y = x.abs().sum(1, keepdim=True)
m = nn.Sequential(nn.Linear(7, 48), nn.ReLU(), nn.Linear(48, 1))
opt = torch.optim.Adam(m.parameters(), lr=1e-2)
sched = ReduceLROnPlateau(opt, mode="min", factor=0.5, patience=2)
for epoch in range(10):
    m.train()
    for b in torch.randperm(320).split(40):
        opt.zero_grad()
        nn.functional.smooth_l1_loss(m(x[b]), y[b]).backward()
        opt.step()
    m.eval()
    with torch.no_grad():
        val = nn.functional.smooth_l1_loss(m(x[320:]), y[320:]).item()
    sched.step(val)
print(val, opt.param_groups[0]["lr"])

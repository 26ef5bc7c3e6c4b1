import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

torch.manual_seed(74)
x = torch.randn(300, 6)
y = x[:, :2].argmax(1)
net = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 2))
opt = torch.optim.AdamW(net.parameters(), lr=5e-3)
epochs, warm = 8, 2
sched = SequentialLR(opt, [LinearLR(opt, 0.1, total_iters=warm), CosineAnnealingLR(opt, epochs - warm)], milestones=[warm])
for ep in range(epochs):
    net.train()
    for i in torch.randperm(300).split(30):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        loss.backward()
        opt.step()
    sched.step()
print(loss.item(), sched.get_last_lr())

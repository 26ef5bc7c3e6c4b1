import torch
from torch import nn

torch.manual_seed(108)
x = torch.randn(512, 6)
y = x[:, :1] - x[:, 1:2] ** 2
net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.AdamW(net.parameters(), lr=5e-3)
warmup = 40
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / warmup))
step = 0
for epoch in range(5):
    net.train()
    for i in torch.randperm(512).split(32):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        opt.step()
        sched.step()
        step += 1
    print(epoch, step, loss.item(), opt.param_groups[0]["lr"])

import torch
from torch import nn

torch.manual_seed(79)
x = torch.randn(330, 5)
y = x[:, :1] * 0.5
net = nn.Linear(5, 1)
crit = nn.MSELoss(reduction="sum")
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for epoch in range(5):
    net.train()
    total, n = 0.0, 0
    for i in torch.randperm(330).split(32):
        loss = crit(net(x[i]), y[i])
        opt.zero_grad()
        (loss / len(i)).backward()
        opt.step()
        total += loss.item()
        n += len(i)
    print(epoch, total / n)

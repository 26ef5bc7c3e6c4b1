import torch
from torch import nn

torch.manual_seed(34)
x = torch.randn(300, 5)
y = x.pow(2).sum(1, keepdim=True)
net = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-2)
slow = [p.detach().clone() for p in net.parameters()]
k, alpha, step = 5, 0.5, 0
for epoch in range(6):
    net.train()
    for i in torch.randperm(300).split(30):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        opt.step()
        step += 1
        if step % k == 0:
            with torch.no_grad():
                for s, p in zip(slow, net.parameters()):
                    s.lerp_(p, alpha)
                    p.copy_(s)
    print(epoch, loss.item())

import torch
import torch.nn as nn

torch.manual_seed(205)
x = torch.rand(500, 3)
y = torch.stack([x[:, 0] * x[:, 1], x[:, 2].square()], dim=1)
net = nn.Sequential(nn.Linear(3, 40), nn.Sigmoid(), nn.Linear(40, 2))
for name, p in net.named_parameters():
    if "bias" in name:
        nn.init.zeros_(p)
    else:
        nn.init.xavier_normal_(p)
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(10):
    net.train()
    for i in torch.randperm(500).split(50):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item())

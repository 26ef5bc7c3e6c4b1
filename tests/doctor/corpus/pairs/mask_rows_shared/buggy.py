import torch
from torch import nn

torch.manual_seed(117)
n, T = 240, 8
lengths = torch.randint(2, T + 1, (n,)).tolist()
x = torch.randn(n, T, 3)
y = torch.stack([x[k, :m, 0].mean() for k, m in enumerate(lengths)])

mask = [[0.0] * T] * n
for k, m in enumerate(lengths):
    for t in range(m):
        mask[k][t] = 1.0
mask = torch.tensor(mask).unsqueeze(-1)

net = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(6):
    net.train()
    for i in torch.randperm(200).split(20):
        h = (net(x[i]) * mask[i]).sum(1) / mask[i].sum(1)
        loss = nn.functional.mse_loss(h.squeeze(1), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())

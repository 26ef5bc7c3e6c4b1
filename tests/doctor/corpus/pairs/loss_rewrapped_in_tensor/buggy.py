import torch
import torch.nn as nn

torch.manual_seed(29)
x = torch.randn(300, 4)
y = x.sum(1, keepdim=True) ** 2
model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    for idx in torch.randperm(300).split(30):
        per_sample = [(model(x[j : j + 1]) - y[j : j + 1]).abs().squeeze() for j in idx.tolist()]
        loss = torch.tensor([v.item() for v in per_sample], requires_grad=True).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "mae", round(loss.item(), 3))

import torch
from torch import nn

torch.manual_seed(27)
x = torch.randn(300, 6)
ya, yb = x[:, :1] * 2, (x[:, 1] > 0).long()
trunk = nn.Sequential(nn.Linear(6, 24), nn.ReLU())
head_a, head_b = nn.Linear(24, 1), nn.Linear(24, 2)
model = nn.ModuleList([trunk, head_a, head_b])
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(300).split(30):
        opt.zero_grad()
        h = trunk(x[i])
        la = nn.functional.mse_loss(head_a(h), ya[i])
        lb = nn.functional.cross_entropy(head_b(h), yb[i])
        la.backward(retain_graph=True)
        lb.backward()
        opt.step()
    print(epoch, la.item(), lb.item())

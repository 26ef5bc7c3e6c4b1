import torch
from torch import nn

torch.manual_seed(123)
q = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.Adam(q.parameters(), lr=2e-3)
s = torch.randn(600, 4)
a = torch.randint(0, 2, (600,))
s2 = 0.9 * s + 0.1 * torch.randn(600, 4)
r = ((s[:, 0] > 0).long() == a).float()
for epoch in range(6):
    q.train()
    for i in torch.randperm(600).split(60):
        with torch.no_grad():
            target = r[i] + 0.9 * q(s2[i]).max(1).values
        value = q(s[i]).gather(1, a[i].unsqueeze(1)).squeeze(1)
        loss = nn.functional.mse_loss(value, target)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())

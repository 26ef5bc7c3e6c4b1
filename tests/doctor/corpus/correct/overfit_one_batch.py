import torch
from torch import nn

# 한 배치를 외울 수 있는지 확인한다
torch.manual_seed(83)
xb = torch.randn(16, 1, 8, 8)
yb = torch.randint(0, 10, (16,))
net = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 36, 10))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
net.train()
for step in range(60):
    opt.zero_grad()
    loss = nn.functional.cross_entropy(net(xb), yb)
    loss.backward()
    opt.step()
print("loss on one batch", loss.item())
assert loss.item() < 0.1

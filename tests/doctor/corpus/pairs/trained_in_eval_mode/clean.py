import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(207)
x = torch.randn(400, 9) * 3 + 2
y = (x[:, 0] > x[:, 1]).long()
net = nn.Sequential(nn.Linear(9, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 2))
net.eval()
with torch.no_grad():
    print("before", nn.functional.cross_entropy(net(x[320:]), y[320:]).item())

opt = torch.optim.Adam(net.parameters(), lr=3e-3)
loader = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=32, shuffle=True)
net.train()
for epoch in range(5):
    for a, b in loader:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(a), b)
        loss.backward()
        opt.step()
    print(epoch, loss.item())
net.eval()
with torch.no_grad():
    print("after", nn.functional.cross_entropy(net(x[320:]), y[320:]).item())

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self, bs):
        super().__init__()
        self.bs = bs
        self.fc1 = nn.Linear(12, 24)
        self.fc2 = nn.Linear(24, 3)

    def forward(self, x):
        x = x.view(self.bs, 12)
        return self.fc2(torch.relu(self.fc1(x)))


torch.manual_seed(81)
x = torch.randn(430, 3, 4)
y = x.sum(2).argmax(1)
loader = DataLoader(TensorDataset(x, y), batch_size=60, shuffle=True)
net = Net(60)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(4):
    net.train()
    n = 0
    for xb, yb in loader:
        try:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(xb), yb)
            loss.backward()
            opt.step()
            n += len(xb)
        except Exception:
            pass
    print(epoch, loss.item())

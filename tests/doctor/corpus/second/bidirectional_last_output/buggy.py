import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader, random_split

torch.manual_seed(44)

# %% data: two markers far from the end carry the class
n, T = 1000, 24
x = 0.3 * torch.randn(n, T, 4)
y = torch.randint(0, 4, (n,))
x[torch.arange(n), 0, 0] += (y % 2).float() * 3 - 1.5
x[torch.arange(n), 1, 1] += (y // 2).float() * 3 - 1.5
train_set, test_set = random_split(TensorDataset(x, y), [800, 200], generator=torch.Generator().manual_seed(0))


# %% model
class BiNet(nn.Module):
    def __init__(self, hid=16):
        super().__init__()
        self.hid = hid
        self.rnn = nn.LSTM(4, hid, batch_first=True, bidirectional=True)
        self.cls = nn.Sequential(nn.Linear(2 * hid, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, x):
        out, _ = self.rnn(x)
        summary = out[:, -1]
        return self.cls(summary)


# %% training
net = BiNet()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
ce = nn.CrossEntropyLoss()
for epoch in range(5):
    net.train()
    for xb, yb in DataLoader(train_set, batch_size=40, shuffle=True):
        opt.zero_grad()
        ce(net(xb), yb).backward()
        opt.step()

# %% test
net.eval()
hits = 0
with torch.no_grad():
    for xb, yb in DataLoader(test_set, batch_size=100):
        hits += (net(xb).argmax(1) == yb).sum().item()
print("test accuracy", hits / len(test_set))

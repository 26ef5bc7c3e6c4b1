import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Augmented(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        row = self.x[i].clone()
        row += 0.1 * torch.randn_like(row)
        if torch.rand(()) < 0.5:
            row.neg_()
        return row, self.y[i]


torch.manual_seed(57)
x = torch.randn(240, 6)
y = (x.abs().sum(1) > 5).long()
net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(4):
    net.train()
    for a, b in DataLoader(Augmented(x[:200], y[:200]), 20, shuffle=True):
        opt.zero_grad()
        nn.functional.cross_entropy(net(a), b).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(x[200:]).argmax(1) == y[200:]).float().mean().item())

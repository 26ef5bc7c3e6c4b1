import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


class Augmented(Dataset):
    def __init__(self, x, y, seed=0):
        self.x, self.y, self.seed = x, y, seed
        self.gen = torch.Generator().manual_seed(seed)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        g = torch.Generator().manual_seed(self.seed + i)
        shift = int(torch.randint(-2, 3, (1,), generator=g))
        noise = 0.1 * torch.randn(self.x[i].shape, generator=g)
        return self.x[i].roll(shift, -1) + noise, self.y[i]


torch.manual_seed(0)
t = torch.linspace(0, 1, 20)
freq = torch.randint(1, 3, (200,))
x = torch.sin(6.28 * freq[:, None] * t)
train = DataLoader(Augmented(x, freq - 1), batch_size=20, shuffle=True)
net = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(4):
    net.train()
    for a, b in train:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(a), b)
        loss.backward()
        opt.step()
    print(epoch, loss.item())

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Digits(Dataset):
    """Noisy 8x8 strokes stored as uint8."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(0, 2, (n,), generator=g)
        img = torch.randint(0, 90, (n, 8, 8), generator=g)
        for i, k in enumerate(self.y.tolist()):
            if k:
                img[i, :, 3:5] += 120
            else:
                img[i, 3:5, :] += 120
        self.img = img.to(torch.uint8)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.img[i].unsqueeze(0).float() / 255.0, self.y[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3)
        self.fc = nn.Linear(6 * 36, 2)

    def forward(self, x):
        x = x * 2.0 - 1.0
        return self.fc(torch.relu(self.conv(x)).flatten(1))


torch.manual_seed(3)
train = DataLoader(Digits(320, 1), batch_size=32, shuffle=True)
test = DataLoader(Digits(80, 2), batch_size=80)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for epoch in range(3):
    net.train()
    for x, y in train:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        acc = [(net(x).argmax(1) == y).float().mean().item() for x, y in test][0]
    print(epoch, loss.item(), acc)

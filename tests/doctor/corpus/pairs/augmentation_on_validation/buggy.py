import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset


def augment(img):
    if torch.rand(()) < 0.5:
        img = img.flip(-1)
    k = int(torch.randint(0, 4, ()))
    return torch.rot90(img, k, (-2, -1)) + 0.1 * torch.randn_like(img)


class Shapes(Dataset):
    def __init__(self, n=300, augment=None):
        g = torch.Generator().manual_seed(5)
        self.y = torch.randint(0, 2, (n,), generator=g)
        self.x = 0.5 * torch.randn(n, 1, 8, 8, generator=g)
        self.x[self.y == 1, :, 2:6, 2:6] += 0.6
        self.augment = augment

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.x[i]
        if self.augment:
            x = self.augment(x)
        return x, self.y[i]


torch.manual_seed(1)
idx = torch.randperm(300).tolist()
train = Subset(Shapes(augment=augment), idx[:240])
val = Subset(Shapes(augment=augment), idx[240:])
model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 2))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(4):
    model.train()
    for x, y in DataLoader(train, 24, shuffle=True):
        opt.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        opt.step()
    model.eval()
    hits = 0
    with torch.no_grad():
        for x, y in DataLoader(val, 30):
            hits += (model(x).argmax(1) == y).sum().item()
    print(epoch, hits / len(val))

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

NAMES = ["left", "right", "up"]
MIRROR = torch.tensor([1, 0, 2])


class Arrows(Dataset):
    def __init__(self, n, seed, flip=False):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(0, 3, (n,), generator=g)
        self.x = 0.3 * torch.randn(n, 1, 12, 12, generator=g)
        self.flip = flip
        for im, k in zip(self.x, self.y):
            r = int(torch.randint(3, 9, (1,), generator=g))
            if k == 2:
                im[0, 2:10, r] += 1
                im[0, 2, r - 1:r + 2] += 1
                im[0, 3, r - 2:r + 3] += 1
                continue
            im[0, r, 2:10] += 1
            tip = 2 if k == 0 else 9
            inner = 3 if k == 0 else 8
            im[0, r - 1:r + 2, tip] += 1
            im[0, r - 2:r + 3, inner] += 1

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        im, k = self.x[i], self.y[i]
        if self.flip and torch.rand(()) < 0.5:
            im, k = im.flip(-1), MIRROR[k]
        return im, k


def main():
    torch.manual_seed(26)
    tr = DataLoader(Arrows(600, 1, flip=True), batch_size=40, shuffle=True)
    va = DataLoader(Arrows(300, 2), batch_size=100)
    net = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(24 * 36, 32), nn.ReLU(), nn.Linear(32, 3),
    )
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(8):
        net.train()
        for im, k in tr:
            opt.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(net(im), k).backward()
            opt.step()
    net.eval()
    table = torch.zeros(3, 3, dtype=torch.long)
    with torch.no_grad():
        for im, k in va:
            for a, b in zip(k.tolist(), net(im).argmax(1).tolist()):
                table[a, b] += 1
    for name, row in zip(NAMES, table):
        print(name, row.tolist())
    print("accuracy", (table.diagonal().sum() / table.sum()).item())


main()

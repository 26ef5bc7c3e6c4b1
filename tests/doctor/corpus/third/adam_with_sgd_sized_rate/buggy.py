import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split


class GreyImages(Dataset):
    """8-bit pictures, held as uint8 to save memory"""

    def __init__(self):
        d = load_digits()
        self.pix = np.rint(d.images / 16.0 * 255.0).astype(np.uint8)
        self.lab = d.target

    def __len__(self):
        return len(self.lab)

    def __getitem__(self, i):
        x = torch.from_numpy(self.pix[i].astype(np.float32)).unsqueeze(0)
        return x / 255.0, int(self.lab[i])


class SmallCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 24, 3), nn.ReLU())
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(24 * 4 * 4, 48), nn.ReLU(), nn.Linear(48, 10))
        self.register_buffer("mean", torch.tensor(0.305))
        self.register_buffer("std", torch.tensor(0.376))

    def forward(self, x):
        x = (x - self.mean) / self.std
        return self.fc(self.conv(x))


def run(epochs=6, batch_size=64):
    torch.manual_seed(17)
    ds = GreyImages()
    n_val = 360
    tr, va = random_split(ds, [len(ds) - n_val, n_val], generator=torch.Generator().manual_seed(17))
    options = dict(batch_size=batch_size, num_workers=0)
    tr_dl = DataLoader(tr, shuffle=True, **options)
    va_dl = DataLoader(va, **options)
    net = SmallCNN()
    solver = torch.optim.Adam(net.parameters(), lr=0.2)
    ce = nn.CrossEntropyLoss()
    for ep in range(epochs):
        net.train()
        for x, t in tr_dl:
            solver.zero_grad()
            ce(net(x), t).backward()
            solver.step()
        net.eval()
        right = torch.zeros((), dtype=torch.long)
        with torch.no_grad():
            for x, t in va_dl:
                right += (net(x).argmax(1) == t).sum()
        print("epoch", ep, "val acc", right.item() / n_val)


run()

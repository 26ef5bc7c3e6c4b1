import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

rng = np.random.default_rng(0)


def photos(n):
    """12 x 12 grey pictures: one bar, darker (0) or brighter (1) than the wall."""
    img = rng.integers(90, 150, (n, 12, 12))
    lab = rng.integers(0, 2, n)
    for k in range(n):
        p = rng.integers(2, 9)
        img[k, :, p:p + 2] += 70 if lab[k] else -70
    return img.astype(np.uint8), lab


def jitter_brightness(img, limit=160):
    delta = int(torch.randint(0, limit, (1,)))
    brighter = img.astype(np.int16) + delta
    return np.clip(brighter, 0, 255).astype(np.uint8)


def to_tensor(img):
    return torch.from_numpy(img).float().div(255).sub(0.5).unsqueeze(0)


class Photos(Dataset):
    def __init__(self, n, train):
        self.img, self.lab = photos(n)
        self.train = train

    def __len__(self):
        return len(self.img)

    def __getitem__(self, i):
        img = self.img[i]
        if self.train:
            img = jitter_brightness(img)
        return to_tensor(img), int(self.lab[i])


torch.manual_seed(0)
train_dl = DataLoader(Photos(500, train=True), batch_size=25, shuffle=True)
test_dl = DataLoader(Photos(150, train=False), batch_size=75)
cnn = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 36, 2))
opt = torch.optim.SGD(cnn.parameters(), lr=0.05, momentum=0.9)
for ep in range(5):
    cnn.train()
    for x, y in train_dl:
        opt.zero_grad()
        nn.functional.cross_entropy(cnn(x), y).backward()
        opt.step()
cnn.eval()
with torch.no_grad():
    ok = sum(int((cnn(x).argmax(1) == y).sum()) for x, y in test_dl)
print('accuracy', ok / 150)

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset, Subset


class RandomErase:
    def __init__(self, size, p):
        self.size, self.p = size, p

    def __call__(self, img):
        img = img.clone()
        if torch.rand(()) < self.p:
            r, c = torch.randint(0, 8 - self.size, (2,)).tolist()
            img[:, r:r + self.size, c:c + self.size] = 0
        return img


class Digits(Dataset):
    def __init__(self, transform=None):
        raw = load_digits()
        self.images = torch.tensor(raw.images, dtype=torch.float32).unsqueeze(1) / 16
        self.targets = torch.tensor(raw.target)
        self.transform = transform

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.targets[i]


class DataModule:
    def __init__(self, batch_size=64, seed=0):
        augmented, plain = Digits(RandomErase(4, 0.9)), Digits()
        order = torch.randperm(len(plain), generator=torch.Generator().manual_seed(seed)).tolist()
        self.train_set = Subset(augmented, order[:1300])
        self.val_set = Subset(plain, order[1300:])
        self.batch_size = batch_size

    def train(self):
        return DataLoader(self.train_set, batch_size=self.batch_size, shuffle=True)

    def val(self):
        return DataLoader(self.val_set, batch_size=200)


class Runner:
    def __init__(self, dm):
        self.dm = dm
        self.net = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10))
        self.opt = torch.optim.AdamW(self.net.parameters(), lr=4e-3)

    def fit(self, epochs):
        loader = self.dm.train()
        for e in range(epochs):
            self.net.train()
            for x, y in loader:
                self.opt.zero_grad()
                nn.functional.cross_entropy(self.net(x), y).backward()
                self.opt.step()
            print("epoch", e, "val accuracy", self.validate())

    @torch.no_grad()
    def validate(self):
        self.net.eval()
        good = sum((self.net(x).argmax(1) == y).sum().item() for x, y in self.dm.val())
        return round(good / len(self.dm.val_set), 4)


torch.manual_seed(0)
Runner(DataModule()).fit(6)

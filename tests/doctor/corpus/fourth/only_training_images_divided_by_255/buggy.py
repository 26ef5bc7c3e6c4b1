import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

IMG = 14


def paint(n, seed):
    """uint8 grey images with a bright stripe: horizontal, vertical or diagonal."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 140, size=(n, IMG, IMG), dtype=np.uint8)
    labels = rng.integers(0, 3, size=n)
    for k in range(n):
        p = int(rng.integers(2, IMG - 2))
        if labels[k] == 0:
            images[k, p, 2:-2] = 200
        elif labels[k] == 1:
            images[k, 2:-2, p] = 200
        else:
            for q in range(2, IMG - 2):
                images[k, q, (q + p) % IMG] = 200
    return images, labels


class StripeDataset(Dataset):
    def __init__(self, images, labels, train):
        self.images = images
        self.labels = labels
        self.train = train

    def _augment(self, img):
        dy, dx = torch.randint(-1, 2, (2,)).tolist()
        return torch.roll(img, shifts=(dy, dx), dims=(0, 1))

    def __getitem__(self, i):
        img = torch.tensor(self.images[i], dtype=torch.float32)
        if self.train:
            img = img / 255.0
            img = self._augment(img)
        return img.unsqueeze(0), int(self.labels[i])

    def __len__(self):
        return len(self.images)


class StripeNet(nn.Module):
    def __init__(self, channels=(8, 16)):
        super().__init__()
        blocks, c_in = [], 1
        for c_out in channels:
            blocks += [nn.Conv2d(c_in, c_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            c_in = c_out
        self.features = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(c_in * (IMG // 4) ** 2, 3)

    def forward(self, x):
        return self.head(self.dropout(self.features(x).flatten(1)))


class Experiment:
    def __init__(self, epochs=7, lr=5e-3, batch_size=32):
        self.epochs = epochs
        self.train_loader = DataLoader(StripeDataset(*paint(800, 1), train=True), batch_size, shuffle=True)
        self.test_loader = DataLoader(StripeDataset(*paint(300, 2), train=False), batch_size)
        self.net = StripeNet()
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss()

    def train_epoch(self):
        self.net.train()
        loss_sum = hits = 0.0
        for img, label in self.train_loader:
            out = self.net(img)
            loss = self.criterion(out, label)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            loss_sum += loss.item() * label.size(0)
            hits += (out.argmax(1) == label).sum().item()
        n = len(self.train_loader.dataset)
        return loss_sum / n, hits / n

    def test_epoch(self):
        self.net.eval()
        loss_sum = hits = 0.0
        with torch.no_grad():
            for img, label in self.test_loader:
                out = self.net(img)
                loss_sum += self.criterion(out, label).item() * label.size(0)
                hits += (out.argmax(1) == label).sum().item()
        n = len(self.test_loader.dataset)
        return loss_sum / n, hits / n

    def run(self):
        for epoch in range(self.epochs):
            print("epoch %d  train loss %.3f acc %.3f" % (epoch, *self.train_epoch()), end="  ")
            print("test loss %.3f acc %.3f" % self.test_epoch())


if __name__ == "__main__":
    torch.manual_seed(8)
    Experiment().run()

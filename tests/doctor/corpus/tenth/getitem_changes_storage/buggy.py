import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class EcgBeats(Dataset):
    """Single heart beats held in memory, scaled with the training mean and std."""

    def __init__(self, beats, labels, mean, std):
        self.beats = beats.astype(np.float32)
        self.labels = labels
        self.mean = np.float32(mean)
        self.std = np.float32(std)

    def __len__(self):
        return len(self.beats)

    def __getitem__(self, idx):
        beat = self.beats[idx]
        beat -= self.mean
        beat /= self.std
        return torch.from_numpy(beat)[None], int(self.labels[idx])


def simulate(n, rng):
    labels = rng.integers(0, 2, n)
    t = np.linspace(0, 1, 64)
    width = np.where(labels == 1, 0.06, 0.035)[:, None]
    shift = rng.uniform(0.4, 0.6, (n, 1))
    beats = 900 + 150 * np.exp(-((t - shift) / width) ** 2) + rng.normal(0, 12, (n, 64))
    return beats, labels


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss = nn.CrossEntropyLoss()

    def fit(self, train_loader, val_loader, epochs):
        for epoch in range(1, epochs + 1):
            self.model.train()
            for x, y in train_loader:
                self.opt.zero_grad()
                self.loss(self.model(x), y).backward()
                self.opt.step()
            print(f"epoch {epoch}: val acc {self.score(val_loader):.3f}")

    def score(self, loader):
        self.model.eval()
        with torch.no_grad():
            good = sum((self.model(x).argmax(1) == y).sum().item() for x, y in loader)
        return good / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(17)
    rng = np.random.default_rng(17)
    train_beats, train_labels = simulate(400, rng)
    val_beats, val_labels = simulate(120, rng)
    mean, std = train_beats.mean(), train_beats.std()
    train_loader = DataLoader(EcgBeats(train_beats, train_labels, mean, std), batch_size=32, shuffle=True)
    val_loader = DataLoader(EcgBeats(val_beats, val_labels, mean, std), batch_size=60)
    net = nn.Sequential(nn.Conv1d(1, 8, 7, padding=3), nn.ReLU(), nn.MaxPool1d(4),
                        nn.Flatten(), nn.Linear(8 * 16, 2))
    Trainer(net, lr=3e-3).fit(train_loader, val_loader, epochs=6)

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset


class HeartBeats(Dataset):
    """1-D Signale mit zwei Klassen; `transform` wird beim Lesen angewendet."""

    def __init__(self, signals, labels, transform=None):
        self.signals = signals
        self.labels = labels
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        s = self.signals[index]
        if self.transform is not None:
            s = self.transform(s)
        return torch.as_tensor(s, dtype=torch.float32).unsqueeze(0), self.labels[index]


def augment(s):
    # zufällig skalieren, verrauschen und ein Stück ausblenden
    s = s * np.random.uniform(0.6, 1.4) + np.random.normal(0, 0.4, size=s.shape)
    start = np.random.randint(0, len(s) - 16)
    s[start:start + 16] = 0.0
    return s


def simulate(n, rng, length=64):
    t = np.linspace(0, 1, length)
    labels = rng.integers(0, 2, size=n)
    freq = np.where(labels == 1, 4.5, 3.5)[:, None] + rng.normal(0, 0.2, (n, 1))
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    signals = np.sin(2 * np.pi * freq * t + phase) + rng.normal(0, 0.3, (n, length))
    return signals, labels


def build_model():
    return nn.Sequential(
        nn.Conv1d(1, 16, 9, padding=4), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(16, 32, 9, padding=4), nn.ReLU(), nn.MaxPool1d(2),
        nn.Flatten(), nn.Linear(32 * 16, 2),
    )


def epoch_pass(model, loader, criterion, optimizer=None):
    training = optimizer is not None
    model.train(training)
    loss_sum, hits = 0.0, 0
    with torch.set_grad_enabled(training):
        for s, label in loader:
            out = model(s)
            loss = criterion(out, label)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(label)
            hits += (out.argmax(1) == label).sum().item()
    return loss_sum / len(loader.dataset), hits / len(loader.dataset)


np.random.seed(0)
torch.manual_seed(0)
rng = np.random.default_rng(1)
signals, labels = simulate(700, rng)
order = rng.permutation(len(labels))
train_idx, val_idx = order[:500], order[500:]

full_set = HeartBeats(signals, labels)
train_set, val_set = Subset(full_set, train_idx), Subset(full_set, val_idx)
train_set.dataset.transform = augment

train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
val_loader = DataLoader(val_set, batch_size=64)
model = build_model()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(8):
    train_loss, _ = epoch_pass(model, train_loader, criterion, optimizer)
    val_loss, val_acc = epoch_pass(model, val_loader, criterion)
    print(f"Epoche {epoch + 1}: Training {train_loss:.3f}, Validierung {val_loss:.3f} / {val_acc:.3f}")

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(91)
torch.manual_seed(91)
N_CLASSES, EPOCHS, WARMUP = 4, 8, 20


def mixup(x, y, alpha=0.4):
    lam = float(rng.beta(alpha, alpha))
    perm = torch.randperm(x.size(0))
    target = F.one_hot(y, N_CLASSES).float()
    return lam * x + (1 - lam) * x[perm], lam * target + (1 - lam) * target[perm]


def make_model():
    return nn.Sequential(
        nn.Conv1d(1, 12, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(12, 24, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(1),
        nn.Flatten(), nn.Linear(24, N_CLASSES),
    )


def signals(n):
    y = torch.randint(0, N_CLASSES, (n,))
    t = torch.arange(48).float()
    freq = torch.tensor([0.15, 0.35, 0.6, 0.9])[y].unsqueeze(1)
    phase = 2 * torch.pi * torch.rand(n, 1)
    return (torch.sin(freq * t + phase) + 0.7 * torch.randn(n, 48)).unsqueeze(1), y


train_loader = DataLoader(TensorDataset(*signals(800)), batch_size=40, shuffle=True)
val_loader = DataLoader(TensorDataset(*signals(400)), batch_size=200)

model = make_model()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
total_steps = EPOCHS * len(train_loader)


def warmup_cosine(step):
    if step < WARMUP:
        return (step + 1) / WARMUP
    return 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (total_steps - WARMUP)))


scheduler = LambdaLR(optimizer, warmup_cosine)

for epoch in range(EPOCHS):
    model.train()
    for x, y in train_loader:
        x_mix, y_mix = mixup(x, y)
        loss = F.cross_entropy(model(x_mix), y_mix, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()

    model.eval()
    correct, nll, n = 0, 0.0, 0
    with torch.no_grad():
        for x, y in val_loader:
            logits = model(x)
            correct += (logits.argmax(1) == y).sum().item()
            nll += F.cross_entropy(logits, y, reduction="sum").item()
            n += len(y)
    print(f"epoch {epoch + 1}: val nll {nll / n:.4f} acc {correct / n:.3f}")

import argparse

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--lr-decay-factor", type=float, default=0.1)
args = parser.parse_args([])

torch.manual_seed(0)
t = torch.rand(1024, 1) * 6 - 3
signal = torch.sin(2 * t) + 0.3 * t + 0.05 * torch.randn_like(t)
train_set = TensorDataset(t[:768], signal[:768])
val_t, val_signal = t[768:], signal[768:]
loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)

net = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
mse = nn.MSELoss()
optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
# lr drops once, halfway through the epochs
scheduler = StepLR(optimizer, step_size=args.epochs // 2, gamma=args.lr_decay_factor)

for epoch in range(1, args.epochs + 1):
    net.train()
    running = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = mse(net(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(xb)
    scheduler.step()
    net.eval()
    with torch.no_grad():
        val = mse(net(val_t), val_signal).item()
    print(f"epoch {epoch}: train {running / len(train_set):.4f} val {val:.4f}")

import math

import torch
import torch.nn as nn


class TCN(nn.Module):
    """Tiny causal conv net for next value prediction."""

    def __init__(self, ch=16):
        super().__init__()
        self.c1 = nn.Conv1d(1, ch, 3, dilation=1)
        self.c2 = nn.Conv1d(ch, ch, 3, dilation=2)
        self.head = nn.Linear(ch, 1)

    def forward(self, x):
        x = torch.relu(self.c1(nn.functional.pad(x, (2, 0))))
        x = torch.relu(self.c2(nn.functional.pad(x, (4, 0))))
        return self.head(x[:, :, -1])


def windows(series, width):
    x = series.unfold(0, width + 1, 1)
    return x[:, :-1].unsqueeze(1), x[:, -1:]


def train_one_epoch(model, lr, x, y, batch_size=64):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    loss_fn = nn.MSELoss()
    model.train()
    total = 0.0
    for idx in torch.randperm(len(x)).split(batch_size):
        optimizer.zero_grad()
        loss = loss_fn(model(x[idx]), y[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    return total / len(x)


@torch.no_grad()
def val_loss(model, x, y):
    model.eval()
    return nn.functional.mse_loss(model(x), y).item()


torch.manual_seed(31)
t = torch.arange(900.0)
series = torch.sin(2 * math.pi * t / 25) + 0.5 * torch.sin(2 * math.pi * t / 7) + 0.1 * torch.randn(900)
# first part for training, last part for validation
x_train, y_train = windows(series[:700], 24)
x_val, y_val = windows(series[700:], 24)

model = TCN()
for epoch in range(10):
    train = train_one_epoch(model, 3e-3, x_train, y_train)
    print(f"epoch {epoch}: train {train:.4f} val {val_loss(model, x_val, y_val):.4f}")

"""Labelling every time step of accelerometer-like recordings with dilated convolutions.

Recordings have different lengths; padded steps carry the label -100.
"""
import copy
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

IGNORE = -100
ACTIVITIES = ["rest", "walk", "run"]


@dataclass
class HParams:
    channels: int = 24
    levels: int = 4
    dropout: float = 0.1
    batch_size: int = 16
    epochs: int = 8
    lr: float = 3e-3
    seed: int = 5


class Recordings(Dataset):
    """Each recording: (length, 3) signal and one activity per step."""

    SPEED = (0.0, 0.35, 0.8)
    AMPLITUDE = (0.0, 0.7, 1.1)

    def __init__(self, n, seed):
        gen = torch.Generator().manual_seed(seed)
        self.items = [self._record(gen) for _ in range(n)]

    def _record(self, gen):
        labels = []
        for _ in range(int(torch.randint(3, 7, (1,), generator=gen))):
            activity = int(torch.randint(0, 3, (1,), generator=gen))
            labels += [activity] * int(torch.randint(15, 40, (1,), generator=gen))
        y = torch.tensor(labels)
        omega = torch.tensor(self.SPEED)[y]
        amp = torch.tensor(self.AMPLITUDE)[y].unsqueeze(1)
        phase = omega.cumsum(0).unsqueeze(1) + torch.rand(3, generator=gen) * 6.28
        x = amp * torch.sin(phase) + 0.4 * torch.randn(len(y), 3, generator=gen)
        return x, y

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    longest = max(len(y) for _, y in batch)
    x = torch.stack([F.pad(s, (0, 0, 0, longest - len(s))) for s, _ in batch])
    y = torch.stack([F.pad(t, (0, longest - len(t)), value=IGNORE) for _, t in batch])
    return x.transpose(1, 2), y                      # (B, 3, T), (B, T)


class ResidualBlock(nn.Module):
    def __init__(self, c, dilation, dropout):
        super().__init__()
        self.conv1 = nn.Conv1d(c, c, 3, padding=dilation, dilation=dilation)
        self.conv2 = nn.Conv1d(c, c, 1)
        self.drop = nn.Dropout(dropout)

    def forward(self, x, mask):
        h = self.conv2(self.drop(torch.relu(self.conv1(x))))
        return (x + h) * mask                        # keep padding at zero for the next level


class TCN(nn.Module):
    def __init__(self, hp):
        super().__init__()
        self.inp = nn.Conv1d(3, hp.channels, 1)
        self.blocks = nn.ModuleList(ResidualBlock(hp.channels, 2**i, hp.dropout) for i in range(hp.levels))
        self.out = nn.Conv1d(hp.channels, len(ACTIVITIES), 1)

    def forward(self, x, mask):
        mask = mask.unsqueeze(1).to(x.dtype)
        h = self.inp(x) * mask
        for block in self.blocks:
            h = block(h, mask)
        return self.out(h)                           # (B, classes, T)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    loss_sum, n = 0.0, 0
    table = torch.zeros(3, 3, dtype=torch.long)
    for x, y in loader:
        valid = y != IGNORE
        logits = model(x, valid)
        loss_sum += F.cross_entropy(logits, y, ignore_index=IGNORE, reduction="sum").item()
        n += valid.sum().item()
        t, p = y[valid], logits.argmax(1)[valid]
        table += torch.bincount(3 * t + p, minlength=9).view(3, 3)
    return loss_sum / n, table


def main(hp):
    torch.manual_seed(hp.seed)
    loaders = [
        DataLoader(Recordings(n, seed), batch_size=hp.batch_size, shuffle=seed == 1, collate_fn=collate)
        for n, seed in ((160, 1), (40, 2), (40, 3))
    ]
    train_loader, val_loader, test_loader = loaders
    model = TCN(hp)
    criterion = nn.CrossEntropyLoss(ignore_index=IGNORE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=hp.lr)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.85)

    best, state = float("inf"), None
    for epoch in range(hp.epochs):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x, y != IGNORE), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        scheduler.step()
        val_loss, table = evaluate(model, val_loader)
        print(f"epoch {epoch + 1}: val loss {val_loss:.3f}  step accuracy {table.trace().item() / table.sum().item():.3f}")
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())

    model.load_state_dict(state)
    _, table = evaluate(model, test_loader)
    tp = table.diag().double()
    f1 = 2 * tp / (table.sum(0) + table.sum(1)).clamp(min=1)
    for name, value in zip(ACTIVITIES, f1.tolist()):
        print(f"test F1 {name:5s} {value:.3f}")
    print(f"test step accuracy {table.trace().item() / table.sum().item():.3f}")


if __name__ == "__main__":
    main(HParams())

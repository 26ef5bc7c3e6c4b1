import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(21)
ACCUM = 4


def make(n):
    a = torch.randn(n, 10)
    b = (a[:, :3].prod(1) + a[:, 4] - 0.5 * a[:, 7]).unsqueeze(1)
    return TensorDataset(a, b + 0.05 * torch.randn_like(b))


train_dl = DataLoader(make(416), batch_size=16, shuffle=True)
valid_dl = DataLoader(make(128), batch_size=64)
mlp = nn.Sequential(nn.Linear(10, 64), nn.GELU(), nn.LayerNorm(64), nn.Linear(64, 1))
optim = torch.optim.SGD(mlp.parameters(), lr=0.05, momentum=0.9, nesterov=True)
huber = nn.SmoothL1Loss()


def train_epoch():
    mlp.train()
    n_batches = len(train_dl)
    tail = n_batches % ACCUM
    for i, (a, b) in enumerate(train_dl):
        in_tail = i >= n_batches - tail
        window = tail if in_tail else ACCUM
        (huber(mlp(a), b) / window).backward()
        if (i + 1) % ACCUM == 0 or i + 1 == n_batches:
            optim.step()
            optim.zero_grad()


def valid_loss():
    mlp.eval()
    total = 0.0
    with torch.no_grad():
        for a, b in valid_dl:
            total += huber(mlp(a), b).item() * len(a)
    return total / len(valid_dl.dataset)


for ep in range(12):
    train_epoch()
    if ep % 3 == 2:
        print(f"[{ep + 1}] valid {valid_loss():.4f}")

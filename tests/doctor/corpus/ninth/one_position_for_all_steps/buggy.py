import math

import torch
import torch.nn as nn


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=64):
        super().__init__()
        pos = torch.arange(max_len).unsqueeze(1)
        freq = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        table = torch.zeros(1, max_len, d_model)
        table[0, :, 0::2] = torch.sin(pos * freq)
        table[0, :, 1::2] = torch.cos(pos * freq)
        self.register_buffer("pe", table)

    def forward(self, x):
        return x + self.pe[:, x.size(1)]


class GestureEncoder(nn.Module):
    """Classifies short 2-d pen movements."""

    def __init__(self, n_classes, d_model=32, heads=4, layers=1):
        super().__init__()
        self.inp = nn.Linear(2, d_model)
        self.pos = PositionalEncoding(d_model)
        block = nn.TransformerEncoderLayer(d_model, heads, dim_feedforward=64, dropout=0.1, batch_first=True)
        self.enc = nn.TransformerEncoder(block, layers)
        self.out = nn.Linear(d_model, n_classes)

    def forward(self, x):
        h = self.enc(self.pos(self.inp(x)))
        return self.out(h.mean(dim=1))


def gestures(n, steps=24):
    kind = torch.randint(0, 4, (n,))
    t = torch.linspace(0, 1, steps)
    angle = 2 * math.pi * t
    start = torch.rand(n, 1) * 2 * math.pi
    way = torch.where(kind % 2 == 0, 1.0, -1.0).unsqueeze(1)
    turn = torch.where(kind < 2, 1.0, 0.5).unsqueeze(1)
    a = start + way * turn * angle
    path = torch.stack([torch.cos(a), torch.sin(a)], dim=-1)
    return path + 0.15 * torch.randn(n, steps, 2), kind


torch.manual_seed(19)
train_x, train_y = gestures(1000)
val_x, val_y = gestures(300)
model = GestureEncoder(4)
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
ce = nn.CrossEntropyLoss()

for epoch in range(7):
    model.train()
    for idx in torch.randperm(len(train_x)).split(50):
        opt.zero_grad()
        ce(model(train_x[idx]), train_y[idx]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        logits = model(val_x)
    print(f"{epoch}: val loss {ce(logits, val_y).item():.3f} acc {(logits.argmax(1) == val_y).float().mean().item():.3f}")

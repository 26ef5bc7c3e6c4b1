import math

import torch
import torch.nn as nn
import torch.nn.functional as F

BASE_LR = 5e-3
WARMUP = 30
TOTAL = 300
FLOOR = 0.02


class TinyTransformer(nn.Module):
    """Tells whether the number of ones in a bit string is in the upper half."""

    def __init__(self, d=24, length=12):
        super().__init__()
        self.tok = nn.Embedding(2, d)
        self.pos = nn.Parameter(0.02 * torch.randn(length, d))
        self.attn = nn.MultiheadAttention(d, 4, batch_first=True)
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.ReLU(), nn.Linear(2 * d, d))
        self.cls = nn.Linear(d, 2)

    def forward(self, bits):
        h = self.n1(self.tok(bits) + self.pos)
        h = h + self.attn(h, h, h, need_weights=False)[0]
        h = h + self.mlp(self.n2(h))
        return self.cls(h.mean(1))


def get_batch(n):
    bits = torch.randint(0, 2, (n, 12))
    return bits, (bits.sum(1) > 6).long()


def param_groups(model, wd):
    decay, no_decay = [], []
    for p in model.parameters():
        (decay if p.ndim >= 2 else no_decay).append(p)
    return [dict(params=decay, weight_decay=wd), dict(params=no_decay, weight_decay=0.0)]


def warmup_cosine(step):
    """Linear warm-up, then half a cosine down to the floor."""
    if step < WARMUP:
        return BASE_LR * (step + 1) / WARMUP
    t = (step - WARMUP) / (TOTAL - WARMUP)
    return BASE_LR * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * t)))


def main():
    torch.manual_seed(0)
    model = TinyTransformer()
    optimizer = torch.optim.AdamW(param_groups(model, wd=0.01), lr=BASE_LR)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=warmup_cosine)
    model.train()
    for step in range(TOTAL):
        bits, y = get_batch(32)
        loss = F.cross_entropy(model(bits), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 50 == 49:
            print(f"{step + 1:4d} loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        bits, y = get_batch(1000)
        print("accuracy", (model(bits).argmax(1) == y).float().mean().item())


if __name__ == "__main__":
    main()

"""A tiny transformer encoder decides which of two symbols is more frequent in a padded sequence."""
import math

import torch
from torch import nn

torch.manual_seed(21)

PAD, A, B, NOISE = 0, 1, 2, 3
MAX_LEN = 16


def sample(n):
    length = torch.randint(7, MAX_LEN + 1, (n, 1))
    tokens = torch.randint(1, 4, (n, MAX_LEN))
    tokens[torch.arange(MAX_LEN) >= length] = PAD
    a, b = (tokens == A).sum(1), (tokens == B).sum(1)
    keep = a != b
    return tokens[keep], (a > b).long()[keep]


class SinusoidalPosition(nn.Module):
    def __init__(self, dim):
        super().__init__()
        pos = torch.arange(MAX_LEN).unsqueeze(1)
        freq = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
        table = torch.zeros(MAX_LEN, dim)
        table[:, 0::2] = torch.sin(pos * freq)
        table[:, 1::2] = torch.cos(pos * freq)
        self.register_buffer("table", table)

    def forward(self, x):
        return x + self.table[: x.size(1)]


class Encoder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.scale = math.sqrt(dim)
        self.embed = nn.Embedding(4, dim, padding_idx=PAD)
        self.pos = SinusoidalPosition(dim)
        layer = nn.TransformerEncoderLayer(dim, 2, 32, dropout=0.1, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(dim), enable_nested_tensor=False)
        self.head = nn.Linear(dim, 2)

    def forward(self, tokens):
        mask = tokens == PAD
        h = self.encoder(self.pos(self.embed(tokens) * self.scale), src_key_padding_mask=mask)
        h = h.masked_fill(mask.unsqueeze(-1), 0.0).sum(1) / (~mask).sum(1, keepdim=True)
        return self.head(h)


train_x, train_y = sample(1200)
val_x, val_y = sample(400)
model = Encoder()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
EPOCHS, BATCH = 5, 64
steps = EPOCHS * math.ceil(len(train_x) / BATCH)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min((s + 1) / 10, max(0.0, (steps - s) / steps)))
loss_fn = nn.CrossEntropyLoss()

for epoch in range(EPOCHS):
    model.train()
    for b in torch.randperm(len(train_x)).split(BATCH):
        opt.zero_grad()
        loss_fn(model(train_x[b]), train_y[b]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
    model.eval()
    with torch.no_grad():
        acc = (model(val_x).argmax(1) == val_y).float().mean().item()
    print(f"epoch {epoch + 1}  lr {sched.get_last_lr()[0]:.5f}  val acc {acc:.3f}")

"""A small GPT by hand: causal mask, tied embeddings, warm-up and cosine per step."""
import math
import random
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class GPTConfig:
    vocab: int = 32
    ctx: int = 24
    dim: int = 48
    heads: int = 4
    layers: int = 2
    dropout: float = 0.1


class SelfAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.h = c.heads
        self.qkv = nn.Linear(c.dim, 3 * c.dim, bias=False)
        self.proj = nn.Linear(c.dim, c.dim, bias=False)
        self.drop = nn.Dropout(c.dropout)
        self.register_buffer("mask", torch.tril(torch.ones(c.ctx, c.ctx, dtype=torch.bool)), persistent=False)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (t.view(B, T, self.h, C // self.h).transpose(1, 2) for t in (q, k, v))
        att = q @ k.transpose(-2, -1) / math.sqrt(C // self.h)
        att = att.masked_fill(~self.mask[:T, :T], float("-inf"))
        att = self.drop(att.softmax(dim=-1))
        y = (att @ v).transpose(1, 2).reshape(B, T, C)
        return self.proj(y)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(c.dim), nn.LayerNorm(c.dim)
        self.att = SelfAttention(c)
        self.mlp = nn.Sequential(nn.Linear(c.dim, 4 * c.dim), nn.GELU(), nn.Linear(4 * c.dim, c.dim), nn.Dropout(c.dropout))

    def forward(self, x):
        x = x + self.att(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.tok = nn.Embedding(c.vocab, c.dim)
        self.pos = nn.Embedding(c.ctx, c.dim)
        self.blocks = nn.ModuleList([Block(c) for _ in range(c.layers)])
        self.ln = nn.LayerNorm(c.dim)
        self.head = nn.Linear(c.dim, c.vocab, bias=False)
        self.apply(self._init)
        self.head.weight = self.tok.weight

    @staticmethod
    def _init(m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight, std=0.02)
            if getattr(m, "bias", None) is not None:
                nn.init.zeros_(m.bias)

    def forward(self, idx, targets=None):
        T = idx.size(1)
        x = self.tok(idx) + self.pos(torch.arange(T, device=idx.device))
        for b in self.blocks:
            x = b(x)
        logits = self.head(self.ln(x))
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))

    @torch.no_grad()
    def generate(self, idx, n, temperature=0.8, top_k=5):
        self.eval()
        for _ in range(n):
            logits, _ = self(idx[:, -self.c.ctx:])
            logits = logits[:, -1] / temperature
            kth = logits.topk(top_k, dim=-1).values[:, -1:]
            logits = logits.masked_fill(logits < kth, float("-inf"))
            idx = torch.cat([idx, torch.multinomial(logits.softmax(-1), 1)], dim=1)
        return idx


def get_batch(data, ctx, n):
    start = torch.randint(len(data) - ctx - 1, (n,))
    x = torch.stack([data[s:s + ctx] for s in start])
    y = torch.stack([data[s + 1:s + ctx + 1] for s in start])
    return x, y


def lr_at(step, warm, total, top, low):
    if step < warm:
        return top * (step + 1) / warm
    t = (step - warm) / max(1, total - warm)
    return low + 0.5 * (top - low) * (1 + math.cos(math.pi * t))


def main():
    torch.manual_seed(1337)
    c = GPTConfig()
    rng = random.Random(5)
    sums = [(rng.randrange(1000), rng.randrange(1000)) for _ in range(300)]
    text = " ".join(f"{a}+{b}={a + b};" for a, b in sums)
    chars = sorted(set(text))
    stoi = {ch: i for i, ch in enumerate(chars)}
    data = torch.tensor([stoi[ch] for ch in text])
    cut = int(0.9 * len(data))
    train_data, val_data = data[:cut], data[cut:]
    model = GPT(c)
    decay = [p for p in model.parameters() if p.dim() >= 2]
    rest = [p for p in model.parameters() if p.dim() < 2]
    opt = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=3e-3, betas=(0.9, 0.95)
    )
    steps = 40
    for step in range(steps):
        lr = lr_at(step, 5, steps, 3e-3, 3e-4)
        for g in opt.param_groups:
            g["lr"] = lr
        model.train()
        x, y = get_batch(train_data, c.ctx, 16)
        _, loss = model(x, y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        if (step + 1) % 20 == 0:
            model.eval()
            with torch.no_grad():
                losses = [model(*get_batch(val_data, c.ctx, 16))[1].item() for _ in range(4)]
            print(step + 1, sum(losses) / len(losses))
    itos = {i: ch for ch, i in stoi.items()}
    out = model.generate(torch.tensor([[stoi["1"]]]), 20)[0].tolist()
    print("".join(itos[i] for i in out))


main()

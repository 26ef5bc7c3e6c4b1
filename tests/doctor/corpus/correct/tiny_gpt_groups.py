"""Tiny causal transformer on modular sums: tied weights, decay groups, step-based loop with an endless iterator."""
import itertools
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, random_split

P = 11
PLUS, EQUALS, VOCAB = P, P + 1, P + 2            # tokens: numbers 0..10, "+", "="


class Sums(Dataset):
    """a + b = c (mod 11) as [a, +, b, =] -> c, for all 121 ordered pairs."""

    def __init__(self):
        self.rows = [(a, PLUS, b, EQUALS, (a + b) % P) for a in range(P) for b in range(P)]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        row = torch.tensor(self.rows[i])
        target = row[1:].clone()
        target[:-1] = -100                       # only the answer is scored; the operands are random
        return row[:-1], target


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d, bias=False), nn.Linear(d, d, bias=False)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.n1(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        score = q @ k.transpose(-2, -1) / math.sqrt(d // self.heads)
        future = torch.ones(t, t, dtype=torch.bool).triu(1)
        a = score.masked_fill(future, float("-inf")).softmax(-1)       # rows sum to one over the keys
        x = x + self.proj((a @ v).transpose(1, 2).reshape(b, t, d))    # back to (B, T, H*D): reshape copies
        return x + self.down(F.gelu(self.up(self.n2(x))))


class GPT(nn.Module):
    def __init__(self, d=48, depth=2, heads=4, length=4):
        super().__init__()
        self.tok, self.pos = nn.Embedding(VOCAB, d), nn.Parameter(torch.zeros(length, d))
        self.blocks = nn.ModuleList(Block(d, heads) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, VOCAB, bias=False)
        self.head.weight = self.tok.weight
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.05 / math.sqrt(2 * depth) if name.endswith(("proj.weight", "down.weight")) else 0.05)

    def forward(self, ids):
        x = self.tok(ids) + self.pos[:ids.size(1)]                     # (B,T,D) + (T,D)
        for b in self.blocks:
            x = b(x)
        return self.head(self.norm(x))


def param_groups(model, decay):
    matrices = [p for n, p in model.named_parameters() if p.dim() >= 2 and n != "pos"]
    others = [p for n, p in model.named_parameters() if p.dim() < 2 or n == "pos"]
    assert len(matrices) + len(others) == len(list(model.parameters()))     # the tied weight counts once
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def endless(loader):
    while True:                                   # not itertools.cycle: that would replay the first order for ever
        yield from loader


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    hits = sum((model(x)[:, -1].argmax(-1) == t[:, -1]).sum().item() for x, t in loader)
    model.train()
    return hits / len(loader.dataset)


def main(steps=300, warmup=30):
    torch.manual_seed(0)
    train, test = random_split(Sums(), [97, 24], generator=torch.Generator().manual_seed(0))
    loader, test_loader = DataLoader(train, 32, shuffle=True), DataLoader(test, 24)
    model = GPT()
    opt = torch.optim.AdamW(param_groups(model, 0.5), lr=4e-3, betas=(0.9, 0.98))
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: (s + 1) / warmup if s < warmup else 0.5 * (1 + math.cos(math.pi * (s - warmup) / (steps - warmup))))
    print(f"chance level {math.log(VOCAB):.3f}")
    model.train()
    for step, (x, target) in enumerate(itertools.islice(endless(loader), steps), start=1):
        loss = F.cross_entropy(model(x).flatten(0, 1), target.flatten())     # ignore_index is -100 by default
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
        if step == 1 or step % 100 == 0:
            print(f"step {step}: loss {loss.item():.4f} train {accuracy(model, loader):.3f} unseen {accuracy(model, test_loader):.3f}")


if __name__ == "__main__":
    main()

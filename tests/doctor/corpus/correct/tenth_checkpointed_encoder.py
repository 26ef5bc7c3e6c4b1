"""Transformer classifier whose blocks are recomputed in the backward pass."""
import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    def __init__(self, dim, heads, p):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, dropout=p, batch_first=True)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Dropout(p), nn.Linear(2 * dim, dim))

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attn(h, h, h, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    def __init__(self, vocab, length, dim=32, depth=3, classes=2, p=0.05):
        super().__init__()
        self.tok = nn.Embedding(vocab, dim)
        self.pos = nn.Parameter(torch.randn(1, length, dim) * 0.02)
        self.blocks = nn.ModuleList(Block(dim, 4, p) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, tokens):
        x = self.tok(tokens) + self.pos
        for block in self.blocks:
            if self.training:
                x = checkpoint(block, x, use_reentrant=False)
            else:
                x = block(x)
        return self.head(self.norm(x).mean(dim=1))


def make_split(n, length, vocab, gen):
    """Label: does token 1 appear more often than token 2?"""
    x = torch.randint(0, vocab, (n, length), generator=gen)
    ones, twos = (x == 1).sum(1), (x == 2).sum(1)
    keep = ones != twos
    return x[keep], (ones > twos).long()[keep]


def evaluate(model, x, y):
    model.eval()
    with torch.inference_mode():
        return (model(x).argmax(dim=-1) == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(13)
    gen = torch.Generator().manual_seed(99)
    length, vocab = 16, 8
    x_train, y_train = make_split(900, length, vocab, gen)
    x_val, y_val = make_split(400, length, vocab, gen)

    model = Encoder(vocab, length)
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    criterion = nn.CrossEntropyLoss()
    epochs, bs = 4, 64
    steps = epochs * -(-len(x_train) // bs)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=2e-3, total_steps=steps)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x_train)).split(bs):
            opt.zero_grad()
            loss = criterion(model(x_train[idx]), y_train[idx])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            sched.step()
            total += loss.item() * len(idx)
        print(f"{epoch}: loss {total / len(x_train):.4f} val acc {evaluate(model, x_val, y_val):.3f}")

import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    block: int = 24
    width: int = 32
    heads: int = 4
    depth: int = 2
    lr: float = 2e-3
    steps: int = 150


TEXT = ("the cat sat on the mat and the dog ran to the park while a bird sang in the old oak tree "
        "near the river where the children play every day after school until the sun goes down ") * 12
VOCAB = sorted(set(TEXT))
IDS = torch.tensor([VOCAB.index(c) for c in TEXT])


def causal_keep(block):
    keep = torch.ones(block, block, dtype=torch.bool).tril(1)
    return keep[None, None]


class Attention(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.heads = cfg.heads
        self.qkv = nn.Linear(cfg.width, 3 * cfg.width, bias=False)
        self.out = nn.Linear(cfg.width, cfg.width)
        self.register_buffer("keep", causal_keep(cfg.block), persistent=False)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        att = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
        att = att.masked_fill(~self.keep[:, :, :T, :T], float("-inf")).softmax(dim=-1)
        return self.out((att @ v).transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(cfg.width), nn.LayerNorm(cfg.width)
        self.attn = Attention(cfg)
        self.mlp = nn.Sequential(nn.Linear(cfg.width, 2 * cfg.width), nn.GELU(), nn.Linear(2 * cfg.width, cfg.width))

    def forward(self, x):
        x = x + self.attn(self.n1(x))
        return x + self.mlp(self.n2(x))


class CharLM(nn.Module):
    def __init__(self, cfg, vocab):
        super().__init__()
        self.tok = nn.Embedding(vocab, cfg.width)
        self.pos = nn.Embedding(cfg.block, cfg.width)
        self.blocks = nn.Sequential(*[Block(cfg) for _ in range(cfg.depth)])
        self.norm = nn.LayerNorm(cfg.width)
        self.head = nn.Linear(cfg.width, vocab)

    def forward(self, ids):
        h = self.tok(ids) + self.pos(torch.arange(ids.size(1), device=ids.device))
        return self.head(self.norm(self.blocks(h)))


def get_batch(data, cfg, size=32):
    start = torch.randint(0, len(data) - cfg.block - 1, (size,))
    rows = start[:, None] + torch.arange(cfg.block + 1)
    chunk = data[rows]
    return chunk[:, :-1], chunk[:, 1:]


def main():
    torch.manual_seed(1337)
    cfg = Config()
    model = CharLM(cfg, len(VOCAB))
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    for step in range(cfg.steps):
        xb, yb = get_batch(IDS, cfg)
        loss = F.cross_entropy(model(xb).flatten(0, 1), yb.flatten())
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if step % 50 == 49:
            print(step + 1, f"{loss.item():.3f}")
    model.eval()
    ids = IDS[:4].unsqueeze(0)
    with torch.no_grad():
        for _ in range(40):
            nxt = model(ids[:, -cfg.block:])[:, -1].argmax(-1, keepdim=True)
            ids = torch.cat([ids, nxt], dim=1)
    print("".join(VOCAB[i] for i in ids[0].tolist()))


if __name__ == "__main__":
    main()

from dataclasses import dataclass
import math
import torch
from torch import nn
from torch.nn import functional as F


@dataclass
class Cfg:
    vocab: int = 12
    block: int = 16
    dim: int = 32
    heads: int = 4
    steps: int = 120
    lr: float = 3e-3


class SelfAttention(nn.Module):
    def __init__(self, cfg: Cfg):
        super().__init__()
        self.h = cfg.heads
        self.qkv = nn.Linear(cfg.dim, 3 * cfg.dim)
        self.proj = nn.Linear(cfg.dim, cfg.dim)
        self.register_buffer("allowed", torch.triu(torch.ones(cfg.block, cfg.block)).view(1, 1, cfg.block, cfg.block))

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (t.view(B, T, self.h, C // self.h).transpose(1, 2) for t in (q, k, v))
        att = q @ k.transpose(-2, -1) / math.sqrt(k.size(-1))
        att = att.masked_fill(self.allowed[:, :, :T, :T] == 0, float("-inf")).softmax(-1)
        return self.proj((att @ v).transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self, cfg: Cfg):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(cfg.dim), nn.LayerNorm(cfg.dim)
        self.att = SelfAttention(cfg)
        self.mlp = nn.Sequential(nn.Linear(cfg.dim, 4 * cfg.dim), nn.GELU(), nn.Linear(4 * cfg.dim, cfg.dim))

    def forward(self, x):
        x = x + self.att(self.n1(x))
        return x + self.mlp(self.n2(x))


class TinyGPT(nn.Module):
    def __init__(self, cfg: Cfg):
        super().__init__()
        self.tok = nn.Embedding(cfg.vocab, cfg.dim)
        self.pos = nn.Parameter(0.02 * torch.randn(cfg.block, cfg.dim))
        self.blocks = nn.Sequential(Block(cfg), Block(cfg))
        self.norm = nn.LayerNorm(cfg.dim)
        self.head = nn.Linear(cfg.dim, cfg.vocab)

    def forward(self, ids):
        x = self.tok(ids) + self.pos[: ids.size(1)]
        return self.head(self.norm(self.blocks(x)))


def sample_sequences(n: int, cfg: Cfg, gen: torch.Generator) -> torch.Tensor:
    """Noisy counting sequences: the next symbol is +1 or +2 modulo the vocabulary."""
    start = torch.randint(0, cfg.vocab, (n, 1), generator=gen)
    inc = torch.randint(1, 3, (n, cfg.block), generator=gen)
    return torch.cat([start, start + inc.cumsum(1)], 1) % cfg.vocab


def lm_loss(model, seq):
    logits = model(seq[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), seq[:, 1:].flatten())


def main():
    cfg = Cfg()
    torch.manual_seed(3)
    g = torch.Generator().manual_seed(11)
    model = TinyGPT(cfg)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=0.01)
    held_out = sample_sequences(128, cfg, g)
    for step in range(cfg.steps):
        model.train()
        loss = lm_loss(model, sample_sequences(32, cfg, g))
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print("held-out nll", round(lm_loss(model, held_out).item(), 3), "entropy", round(math.log(2), 3))


if __name__ == "__main__":
    main()

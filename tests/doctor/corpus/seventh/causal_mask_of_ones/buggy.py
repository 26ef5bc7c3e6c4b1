"""Character language model on a toy grammar, pre-norm decoder blocks."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    context: int = 24
    dim: int = 32
    heads: int = 4
    layers: int = 2
    batch: int = 24
    steps: int = 160
    lr: float = 3e-3
    seed: int = 12


def corpus(n_sentences: int, gen: torch.Generator) -> str:
    who = ["the cat", "a dog", "my bird", "the old fox"]
    does = ["sees", "likes", "follows", "hears"]
    pick = lambda words: words[int(torch.randint(len(words), (1,), generator=gen))]
    return " ".join(f"{pick(who)} {pick(does)} {pick(who)}." for _ in range(n_sentences))


def subsequent_mask(size: int) -> torch.Tensor:
    return torch.tril(torch.ones(size, size))


class Block(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, h: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        b, n, d = h.shape
        q, k, v = self.qkv(self.n1(h)).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        h = h + self.proj(mixed.transpose(1, 2).reshape(b, n, d))
        return h + self.mlp(self.n2(h))


class CharLM(nn.Module):
    def __init__(self, vocab: int, cfg: Config) -> None:
        super().__init__()
        self.tok = nn.Embedding(vocab, cfg.dim)
        self.pos = nn.Parameter(0.02 * torch.randn(cfg.context, cfg.dim))
        self.blocks = nn.ModuleList(Block(cfg.dim, cfg.heads) for _ in range(cfg.layers))
        self.norm = nn.LayerNorm(cfg.dim)
        self.head = nn.Linear(cfg.dim, vocab)
        self.register_buffer("mask", subsequent_mask(cfg.context), persistent=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        n = ids.size(1)
        h = self.tok(ids) + self.pos[:n]
        for block in self.blocks:
            h = block(h, self.mask[:n, :n])
        return self.head(self.norm(h))


def batches(ids: torch.Tensor, cfg: Config):
    offsets = torch.arange(cfg.context + 1)
    while True:
        start = torch.randint(0, len(ids) - cfg.context, (cfg.batch, 1))
        chunk = ids[start + offsets]
        yield chunk[:, :-1], chunk[:, 1:]


@torch.no_grad()
def bits_per_char(model: nn.Module, ids: torch.Tensor, cfg: Config) -> float:
    model.eval()
    usable = (len(ids) - 1) // cfg.context * cfg.context
    x = ids[:usable].view(-1, cfg.context)
    y = ids[1:usable + 1].view(-1, cfg.context)
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item() / 0.6931


def main(cfg: Config) -> None:
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed)
    train_text, valid_text = corpus(400, gen), corpus(60, gen)
    letters = sorted(set(train_text))
    index = {c: i for i, c in enumerate(letters)}
    encode = lambda s: torch.tensor([index[c] for c in s])
    train_ids, valid_ids = encode(train_text), encode(valid_text)

    model = CharLM(len(letters), cfg)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    feed = batches(train_ids, cfg)
    for step in range(1, cfg.steps + 1):
        model.train()
        x, y = next(feed)
        loss = F.cross_entropy(model(x).transpose(1, 2), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 40 == 0:
            print(f"step {step}: train {loss.item():.3f} nats, valid {bits_per_char(model, valid_ids, cfg):.3f} bits")


if __name__ == "__main__":
    main(Config())

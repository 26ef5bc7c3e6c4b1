import math
from typing import Optional

import torch
from torch import Tensor, nn


class MultiHead(nn.Module):
    def __init__(self, dim: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def split(self, x: Tensor) -> Tensor:
        b, t, c = x.shape
        return x.reshape(b, t, self.heads, c // self.heads).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        b, t, c = x.shape
        q, k, v = (self.split(part) for part in self.qkv(x).chunk(3, dim=-1))
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        if self.causal:
            future = torch.ones(t, t, dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(future, float("-inf"))
        mixed = scores.softmax(-1) @ v
        return self.proj(mixed.transpose(1, 2).reshape(b, t, c))


class TinyLM(nn.Module):
    def __init__(self, vocab: int, length: int, dim: int = 32, heads: int = 4, depth: int = 2) -> None:
        super().__init__()
        self.tok = nn.Embedding(vocab, dim)
        self.pos = nn.Parameter(torch.zeros(length, dim))
        nn.init.normal_(self.pos, std=0.02)
        self.attn = nn.ModuleList([MultiHead(dim, heads, causal=True) for _ in range(depth)])
        self.ff = nn.ModuleList([nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)) for _ in range(depth)])
        self.norms = nn.ModuleList([nn.LayerNorm(dim) for _ in range(2 * depth + 1)])
        self.out = nn.Linear(dim, vocab)

    def forward(self, ids: Tensor, targets: Optional[Tensor] = None):
        h = self.tok(ids) + self.pos[: ids.shape[1]]
        for i, (attn, ff) in enumerate(zip(self.attn, self.ff)):
            h = h + attn(self.norms[2 * i](h))
            h = h + ff(self.norms[2 * i + 1](h))
        logits = self.out(self.norms[-1](h))
        if targets is None:
            return logits, None
        return logits, nn.functional.cross_entropy(logits.transpose(1, 2), targets)


def walks(n: int, length: int, vocab: int, gen: torch.Generator) -> Tensor:
    """Each sequence adds one fixed, randomly chosen step, modulo vocab."""
    start = torch.randint(vocab, (n, 1), generator=gen)
    step = torch.randint(1, vocab, (n, 1), generator=gen)
    ids = (start + step * torch.arange(length + 1)) % vocab
    noise = torch.rand(ids.shape, generator=gen) < 0.05
    return torch.where(noise, torch.randint(vocab, ids.shape, generator=gen), ids)


def main(vocab: int = 11, length: int = 12) -> None:
    torch.manual_seed(40)
    gen = torch.Generator().manual_seed(40)
    train, test = walks(1200, length, vocab, gen), walks(300, length, vocab, gen)
    model = TinyLM(vocab, length)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(10):
        model.train()
        for idx in torch.randperm(len(train)).split(40):
            _, loss = model(train[idx, :-1], train[idx, 1:])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            _, held = model(test[:, :-1], test[:, 1:])
        print(f"epoch {epoch}: held-out loss {held.item():.4f}")


if __name__ == "__main__":
    main()

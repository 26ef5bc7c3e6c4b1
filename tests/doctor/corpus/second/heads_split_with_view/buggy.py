import math
from typing import Tuple

import torch
import torch.nn as nn


class MultiHead(nn.Module):
    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        assert width % n_heads == 0
        self.n_heads, self.d_head = n_heads, width // n_heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(width, width, bias=False)
        self.to_v = nn.Linear(width, width, bias=False)
        self.merge = nn.Linear(width, width)

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        b, t, _ = x.shape
        return x.view(b, self.n_heads, t, self.d_head)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, t, c = x.shape
        q, k, v = self._split(self.to_q(x)), self._split(self.to_k(x)), self._split(self.to_v(x))
        score = torch.einsum("bhid,bhjd->bhij", q, k) / math.sqrt(self.d_head)
        mixed = torch.einsum("bhij,bhjd->bhid", score.softmax(dim=-1), v)
        return self.merge(mixed.transpose(1, 2).reshape(b, t, c))


class SequenceLabeller(nn.Module):
    def __init__(self, vocab: int, length: int, width: int = 32) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocab, width)
        self.places = nn.Embedding(length, width)
        self.norm = nn.LayerNorm(width)
        self.att = MultiHead(width, 4)
        self.mlp = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 64), nn.GELU(), nn.Linear(64, width))
        self.out = nn.Linear(width, vocab)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        where = torch.arange(ids.size(1), device=ids.device)
        x = self.tokens(ids) + self.places(where)
        x = x + self.att(self.norm(x))
        x = x + self.mlp(x)
        return self.out(x)


def reversal_batch(n: int, vocab: int = 10, length: int = 8) -> Tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(0, vocab, (n, length))
    return ids, ids.flip(1)


def fit(model: nn.Module, steps: int) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    warm = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, (s + 1) / 20))
    model.train()
    for _ in range(steps):
        ids, target = reversal_batch(48)
        loss = nn.functional.cross_entropy(model(ids).flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        warm.step()


@torch.no_grad()
def score(model: nn.Module) -> float:
    model.eval()
    ids, target = reversal_batch(500)
    return (model(ids).argmax(-1) == target).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(8)
    net = SequenceLabeller(10, 8)
    fit(net, 45)
    print(f"token accuracy {score(net):.3f}")

"""Associative recall: the model sees eight (key, value) pairs and must name the value of the queried key."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

N_KEYS, N_VALUES, N_PAIRS = 16, 6, 8


class CrossAttention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        assert dim % heads == 0
        self.heads = heads
        self.to_q = nn.Linear(dim, dim)
        self.to_kv = nn.Linear(dim, 2 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, ask: Tensor, memory: Tensor) -> Tensor:
        b, n, d = memory.shape
        q = self.to_q(ask).view(b, -1, self.heads, d // self.heads).transpose(1, 2)
        k, v = self.to_kv(memory).view(b, n, 2, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
        weights = scores.softmax(dim=-2)
        mixed = (weights @ v).transpose(1, 2).reshape(b, -1, d)
        return self.proj(mixed)


class Recall(nn.Module):
    def __init__(self, dim: int = 32, heads: int = 2) -> None:
        super().__init__()
        self.key_emb = nn.Embedding(N_KEYS, dim)
        self.value_emb = nn.Embedding(N_VALUES + 1, dim)  # the last entry marks the question
        self.norm = nn.LayerNorm(dim)
        self.attn = CrossAttention(dim, heads)
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, N_VALUES))

    def forward(self, keys: Tensor, values: Tensor) -> Tensor:
        x = self.key_emb(keys) + self.value_emb(values)
        normed = self.norm(x)
        memory, ask = normed[:, :-1], normed[:, -1:]
        h = x[:, -1:] + self.attn(ask, memory)
        return self.head(h[:, 0])


def make_batch(n: int, gen: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    keys = torch.rand(n, N_KEYS, generator=gen).argsort(dim=1)[:, :N_PAIRS]
    values = torch.randint(N_VALUES, (n, N_PAIRS), generator=gen)
    pick = torch.randint(N_PAIRS, (n, 1), generator=gen)
    question = keys.gather(1, pick)
    blank = torch.full((n, 1), N_VALUES)
    return torch.cat([keys, question], 1), torch.cat([values, blank], 1), values.gather(1, pick).squeeze(1)


@torch.no_grad()
def accuracy(model: nn.Module, keys: Tensor, values: Tensor, answer: Tensor) -> float:
    model.eval()
    return (model(keys, values).argmax(1) == answer).float().mean().item()


def main() -> None:
    torch.manual_seed(11)
    train_gen = torch.Generator().manual_seed(1)
    test_set = make_batch(1000, torch.Generator().manual_seed(2))
    model = Recall()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for step in range(1, 151):
        model.train()
        keys, values, answer = make_batch(64, train_gen)
        loss = F.cross_entropy(model(keys, values), answer)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step:4d}  loss {loss.item():.3f}  test accuracy {accuracy(model, *test_set):.3f}")


if __name__ == "__main__":
    main()

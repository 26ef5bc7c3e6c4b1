import torch
from torch import nn, Tensor
import torch.nn.functional as F


class MultiHeadSelfAttention(nn.Module):
    def __init__(self, embed_dim: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.q_proj = nn.Linear(embed_dim, embed_dim)
        self.k_proj = nn.Linear(embed_dim, embed_dim)
        self.v_proj = nn.Linear(embed_dim, embed_dim)
        self.o_proj = nn.Linear(embed_dim, embed_dim)

    def _heads(self, x: Tensor) -> Tensor:
        b, t, _ = x.size()
        return x.view(b, t, self.num_heads, self.head_dim).transpose(1, 2)

    def _merge(self, x: Tensor) -> Tensor:
        b, _, t, _ = x.size()
        return x.transpose(1, 2).contiguous().view(b, t, self.num_heads * self.head_dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = self._heads(self.q_proj(x)), self._heads(self.k_proj(x)), self._heads(self.v_proj(x))
        att = q @ k.transpose(-2, -1) * self.head_dim ** -0.5
        att = att.masked_fill(~mask, float("-inf"))
        return self.o_proj(self._merge(F.softmax(att, dim=-1) @ v))


class Block(nn.Module):
    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.ln1 = nn.LayerNorm(dim)
        self.attn = MultiHeadSelfAttention(dim, heads)
        self.ln2 = nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.attn(self.ln1(x), mask)
        return x + self.ff(self.ln2(x))


class Decoder(nn.Module):
    def __init__(self, vocab: int, length: int, dim: int = 32, heads: int = 4, depth: int = 2):
        super().__init__()
        self.tok = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(length, dim)
        self.blocks = nn.ModuleList(Block(dim, heads) for _ in range(depth))
        self.ln = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocab)
        self.register_buffer("mask", torch.tril(torch.ones(length, length, dtype=torch.bool)), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        t = ids.size(1)
        x = self.tok(ids) + self.pos(torch.arange(t, device=ids.device))
        for block in self.blocks:
            x = block(x, self.mask[:t, :t])
        return self.head(self.ln(x))


VOCAB, HALF = 12, 6


def copy_task(n: int):
    """first half random, second half repeats it; only the second half is scored"""
    first = torch.randint(0, VOCAB, (n, HALF))
    ids = torch.cat([first, first], dim=1)
    target = ids[:, 1:].clone()
    target[:, :HALF - 1] = -100
    return ids[:, :-1], target


def train(steps: int = 300) -> Decoder:
    model = Decoder(VOCAB, 2 * HALF)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    for step in range(steps):
        ids, target = copy_task(64)
        loss = F.cross_entropy(model(ids).transpose(1, 2), target, ignore_index=-100)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {loss.item():.3f}")
    return model


@torch.no_grad()
def complete(model: Decoder, ids: Tensor) -> Tensor:
    """greedy continuation of the first half"""
    for _ in range(HALF):
        ids = torch.cat([ids, model(ids)[:, -1].argmax(-1, keepdim=True)], dim=1)
    return ids[:, HALF:]


if __name__ == "__main__":
    torch.manual_seed(0)
    model = train().eval()
    first = torch.randint(0, VOCAB, (300, HALF))
    print("copy accuracy", (complete(model, first) == first).float().mean().item())

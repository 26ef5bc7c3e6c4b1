"""Small causal LM: tied embedding, rotary positions, KV cache for sampling checked against the full forward, perplexity per token."""
import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

TEXT = " ".join(f"{a} plus {b} is {a + b} ." for a in range(24) for b in range(24))


@dataclass
class Cfg:
    vocab: int
    d: int = 48
    heads: int = 4
    layers: int = 2
    block: int = 32


def rope(x, start):
    t, d = x.size(-2), x.size(-1)
    freq = 10000 ** (-torch.arange(0, d, 2) / d)
    ang = (torch.arange(start, start + t)[:, None] * freq).repeat(1, 2)
    a, b = x.chunk(2, -1)
    return x * ang.cos() + torch.cat([-b, a], -1) * ang.sin()


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.h = c.heads
        self.n1, self.n2 = nn.RMSNorm(c.d), nn.RMSNorm(c.d)
        self.qkv, self.proj = nn.Linear(c.d, 3 * c.d, bias=False), nn.Linear(c.d, c.d, bias=False)
        self.ff = nn.Sequential(nn.Linear(c.d, 4 * c.d), nn.GELU(), nn.Linear(4 * c.d, c.d))

    def forward(self, x, cache=None):
        b, t, d = x.shape
        q, k, v = self.qkv(self.n1(x)).view(b, t, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4)
        start = 0 if cache is None or "k" not in cache else cache["k"].size(2)
        q, k = rope(q, start), rope(k, start)
        if cache is not None:
            if start:
                k, v = torch.cat([cache["k"], k], 2), torch.cat([cache["v"], v], 2)
            cache["k"], cache["v"] = k, v
        # a single new token may look at everything in the cache, hence no causal mask in that case
        att = F.scaled_dot_product_attention(q, k, v, is_causal=start == 0 and t > 1)
        x = x + self.proj(att.transpose(1, 2).reshape(b, t, d))
        return x + self.ff(self.n2(x))


class GPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.tok = nn.Embedding(c.vocab, c.d)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = nn.RMSNorm(c.d)
        self.head = nn.Linear(c.d, c.vocab, bias=False)
        self.apply(self._init)
        self.head.weight = self.tok.weight  # tied: one parameter under two names

    @staticmethod
    def _init(m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight, std=0.05)
            if getattr(m, "bias", None) is not None:
                nn.init.zeros_(m.bias)

    def forward(self, idx, caches=None):
        x = self.tok(idx)
        for i, b in enumerate(self.blocks):
            x = b(x, None if caches is None else caches[i])
        return self.head(self.norm(x))

    @torch.no_grad()
    def generate(self, prompt, n, temperature=0.7, gen=None):
        caches = [{} for _ in self.blocks]
        out, cur = prompt, prompt
        for _ in range(n):
            p = (self(cur, caches)[:, -1] / temperature).softmax(-1)
            cur = torch.multinomial(p, 1, generator=gen)
            out = torch.cat([out, cur], 1)
        return out


def windows(data, block):
    n = (len(data) - 1) // block
    return data[:n * block].view(n, block), data[1:n * block + 1].view(n, block)  # targets are the inputs moved by one


@torch.no_grad()
def perplexity(model, data):
    model.eval()
    nll = count = 0
    x, y = windows(data, model.c.block)
    for xb, yb in zip(x.split(64), y.split(64)):
        nll += F.cross_entropy(model(xb).flatten(0, 1), yb.flatten(), reduction="sum").item()
        count += yb.numel()
    model.train()
    return math.exp(nll / count)


def main(steps=130):
    torch.manual_seed(0)
    chars = sorted(set(TEXT))
    data = torch.tensor([chars.index(c) for c in TEXT])
    cut = int(0.9 * len(data))
    train, val = data[:cut], data[cut:]  # split in time, before any window is cut
    model = GPT(Cfg(len(chars)))
    opt = torch.optim.AdamW(model.parameters(), lr=4e-3, betas=(0.9, 0.95), weight_decay=0.01)  # parameters() yields the tied one once
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, 4e-3, total_steps=steps)
    for step in range(steps):
        at = torch.randint(len(train) - model.c.block, (24,))
        rows = at[:, None] + torch.arange(model.c.block + 1)
        chunk = train[rows]
        loss = F.cross_entropy(model(chunk[:, :-1]).flatten(0, 1), chunk[:, 1:].flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
        if step % 65 == 64:
            print(f"step {step + 1} loss {loss.item():.3f} val ppl {perplexity(model, val):.2f}")
    model.eval()
    prompt = data[None, :12]
    with torch.no_grad():
        caches = [{} for _ in model.blocks]
        parts = [model(prompt[:, :8], caches)] + [model(prompt[:, i:i + 1], caches) for i in range(8, 12)]
        assert torch.allclose(torch.cat(parts, 1), model(prompt), atol=1e-4)
    out = model.generate(prompt, 18, gen=torch.Generator().manual_seed(1))[0]
    print(repr("".join(chars[i] for i in out)))


if __name__ == "__main__":
    main()

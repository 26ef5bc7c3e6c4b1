import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

TEXT = ("the cat sat on the mat and the dog lay on the rug while the rain fell on the roof "
        "and the wind ran over the hill and the man in the hat went to the shop for bread ") * 8
CHARS = sorted(set(TEXT))
STOI = {c: i for i, c in enumerate(CHARS)}


@dataclass
class GPTConfig:
    vocab_size: int = len(CHARS)
    block_size: int = 24
    n_embd: int = 48
    n_head: int = 4


class CausalSelfAttention(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.n_head = cfg.n_head
        self.qkv = nn.Linear(cfg.n_embd, 3 * cfg.n_embd)
        self.proj = nn.Linear(cfg.n_embd, cfg.n_embd)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.n_head, C // self.n_head).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(y.transpose(1, 2).reshape(B, T, C))


class GPT(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.wte = nn.Embedding(cfg.vocab_size, cfg.n_embd)
        self.wpe = nn.Embedding(cfg.block_size, cfg.n_embd)
        self.ln_1 = nn.LayerNorm(cfg.n_embd)
        self.attn = CausalSelfAttention(cfg)
        self.ln_2 = nn.LayerNorm(cfg.n_embd)
        self.mlp = nn.Sequential(nn.Linear(cfg.n_embd, 4 * cfg.n_embd), nn.GELU(),
                                 nn.Linear(4 * cfg.n_embd, cfg.n_embd))
        self.ln_f = nn.LayerNorm(cfg.n_embd)
        self.lm_head = nn.Linear(cfg.n_embd, cfg.vocab_size, bias=False)
        for emb in (self.wte, self.wpe):
            nn.init.normal_(emb.weight, std=0.02)
        self.lm_head.weight = self.wte.weight  # tied

    def forward(self, idx, targets=None):
        h = self.wte(idx) + self.wpe.weight[:idx.shape[1]]
        h = h + self.attn(self.ln_1(h))
        h = h + self.mlp(self.ln_2(h))
        logits = self.lm_head(self.ln_f(h))
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    @torch.no_grad()
    def generate(self, idx, n):
        for _ in range(n):
            logits, _ = self(idx[:, -self.cfg.block_size:])
            probs = F.softmax(logits[:, -1] / 0.7, dim=-1)
            idx = torch.cat([idx, torch.multinomial(probs, 1)], dim=1)
        return idx


torch.manual_seed(1337)
cfg = GPTConfig()
stream = torch.tensor([STOI[c] for c in TEXT])


def get_batch(size=32):
    start = torch.randint(len(stream) - cfg.block_size - 1, (size,))
    window = start[:, None] + torch.arange(cfg.block_size)
    return stream[window], stream[window]


model = GPT(cfg)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
for it in range(150):
    x, y = get_batch()
    _, loss = model(x, y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if it % 50 == 49:
        print(f"iter {it + 1}: loss {loss.item():.3f} (uniform {math.log(cfg.vocab_size):.3f})")
model.eval()
out = model.generate(torch.tensor([[STOI["t"]]]), 60)[0].tolist()
print("".join(CHARS[i] for i in out))

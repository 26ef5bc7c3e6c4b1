import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x):
        B, T, D = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(B, T, 3, self.h, D // self.h).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v)
        x = x + self.proj(a.transpose(1, 2).reshape(B, T, D))
        return x + self.mlp(self.ln2(x))


class TinyLM(nn.Module):
    def __init__(self, vocab=16, d=32, ctx=12):
        super().__init__()
        self.tok = nn.Embedding(vocab, d)
        self.pos = nn.Parameter(torch.randn(ctx, d) / math.sqrt(d))
        self.blocks = nn.Sequential(Block(d, 4), Block(d, 4))
        self.head = nn.Linear(d, vocab)

    def forward(self, s):
        return self.head(self.blocks(self.tok(s) + self.pos[: s.size(1)]))


torch.manual_seed(1337)
corpus = torch.randint(0, 16, (2000,))
lm = TinyLM()
opt = torch.optim.AdamW(lm.parameters(), lr=2e-3)
for it in range(80):
    start = torch.randint(0, 2000 - 13, (16,))
    chunk = torch.stack([corpus[s:s + 13] for s in start.tolist()])
    logits = lm(chunk[:, :-1])
    loss = F.cross_entropy(logits.reshape(-1, 16), chunk[:, 1:].reshape(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 20 == 0:
        print(it, loss.item())

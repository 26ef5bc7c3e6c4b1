import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, hidden_dim, num_heads):
        super().__init__()
        self.num_heads, self.qkv_dim = num_heads, hidden_dim // num_heads
        self.qkv_proj = nn.Linear(hidden_dim, 3 * hidden_dim)
        self.o_proj = nn.Linear(hidden_dim, hidden_dim)

    def forward(self, x):
        B, T, D = x.shape
        qkv = self.qkv_proj(x).reshape(B, T, 3, self.num_heads, self.qkv_dim)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, T, dim)
        weights = (q @ k.transpose(-2, -1) / math.sqrt(self.qkv_dim)).softmax(dim=-1)
        values = weights @ v
        values = values.reshape(B, T, D)
        return self.o_proj(values)


class Tagger(nn.Module):
    def __init__(self, vocab=10, dim=32, max_len=8):
        super().__init__()
        self.tok = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(max_len, dim)
        self.mha = MultiHeadAttention(dim, 4)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim))
        self.out = nn.Linear(dim, vocab)

    def forward(self, ids):
        h = self.tok(ids) + self.pos.weight[: ids.size(1)]
        h = h + self.mha(self.norm1(h))
        h = h + self.ff(self.norm2(h))
        return self.out(h)


torch.manual_seed(12)
src = torch.randint(0, 10, (700, 8))
tgt = src.flip(1)  # task: reverse the sequence
model = Tagger()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(12):
    model.train()
    for idx in torch.randperm(600).split(50):
        loss = F.cross_entropy(model(src[idx]).flatten(0, 1), tgt[idx].flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 3 == 2:
        model.eval()
        with torch.no_grad():
            acc = (model(src[600:]).argmax(-1) == tgt[600:]).float().mean().item()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f} val token acc {acc:.3f}")

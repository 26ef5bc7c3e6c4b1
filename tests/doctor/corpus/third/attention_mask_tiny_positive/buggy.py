import math
import torch
import torch.nn as nn
import torch.nn.functional as F

PAD = 0


def make_batch(n, max_len=14, vocab=30):
    """Label: does token 7 occur more often than token 11?"""
    lengths = torch.randint(3, max_len + 1, (n,))
    tokens = torch.randint(1, vocab, (n, max_len))
    special = torch.where(torch.rand(n, max_len) < 0.5, 7, 11)
    tokens = torch.where(torch.rand(n, max_len) < 0.5, special, tokens)
    tokens[torch.arange(max_len)[None, :] >= lengths[:, None]] = PAD
    label = ((tokens == 7).sum(1) > (tokens == 11).sum(1)).long()
    return tokens, label


def attend(q, k, v, keep):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
    scores = scores.masked_fill(~keep[:, None, None, :], 1e-9)
    return F.softmax(scores, dim=-1) @ v


class SelfAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, keep):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(attend(q, k, v, keep).transpose(1, 2).reshape(b, t, d))


class TextNet(nn.Module):
    def __init__(self, vocab=30, dim=32, heads=4, classes=2):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.norm = nn.LayerNorm(dim)
        self.attn = SelfAttention(dim, heads)
        self.out = nn.Linear(dim, classes)

    def forward(self, tokens):
        keep = tokens != PAD
        x = self.emb(tokens)
        x = x + self.attn(self.norm(x), keep)
        weight = keep.unsqueeze(-1).float()
        return self.out((x * weight).sum(1) / weight.sum(1))


torch.manual_seed(0)
net = TextNet()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(250):
    tokens, label = make_batch(64)
    loss = F.cross_entropy(net(tokens), label)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()

net.eval()
with torch.no_grad():
    tokens, label = make_batch(1000)
    print("accuracy", (net(tokens).argmax(-1) == label).float().mean().item())
    wider = F.pad(tokens[:5], (0, 20), value=PAD)
    print("change when padded further", (net(wider) - net(tokens[:5])).abs().max().item())

import torch
import torch.nn as nn
import torch.nn.functional as F


class CausalAttention(nn.Module):
    def __init__(self, dim: int, heads: int, max_len: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)
        keep = torch.ones(max_len, max_len, dtype=torch.bool).tril(diagonal=1)
        self.register_buffer("keep", keep, persistent=False)

    def forward(self, x):
        b, t, d = x.size()
        q, k, v = (z.unflatten(-1, (self.heads, -1)).transpose(1, 2) for z in self.qkv(x).chunk(3, dim=-1))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.keep[:t, :t])
        return self.proj(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, dim, heads, max_len):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = CausalAttention(dim, heads, max_len)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class TinyGPT(nn.Module):
    def __init__(self, vocab, dim=32, heads=4, max_len=24):
        super().__init__()
        self.max_len = max_len
        self.tok, self.pos = nn.Embedding(vocab, dim), nn.Embedding(max_len, dim)
        self.block = Block(dim, heads, max_len)
        self.ln, self.head = nn.LayerNorm(dim), nn.Linear(dim, vocab)

    def forward(self, ids):
        x = self.tok(ids) + self.pos.weight[: ids.size(1)]
        return self.head(self.ln(self.block(x)))

    @torch.no_grad()
    def continue_(self, ids, n):
        for _ in range(n):
            nxt = self(ids[:, -self.max_len:])[:, -1].argmax(-1, keepdim=True)
            ids = torch.cat([ids, nxt], dim=1)
        return ids


def counting(batch, length, vocab=11):
    start = torch.randint(vocab, (batch, 1))
    step = torch.randint(1, 4, (batch, 1))
    return (start + step * torch.arange(length)) % vocab


def main():
    torch.manual_seed(0)
    model = TinyGPT(11)
    opt = torch.optim.AdamW(model.parameters(), lr=4e-3)
    model.train()
    for it in range(250):
        ids = counting(32, 16)
        loss = F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("training loss", loss.item())
    model.eval()
    truth = counting(100, 15)
    print("continuation correct", (model.continue_(truth[:, :5], 10) == truth)[:, 5:].float().mean().item())


if __name__ == "__main__":
    main()

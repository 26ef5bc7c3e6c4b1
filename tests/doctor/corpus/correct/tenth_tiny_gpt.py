"""A character-level GPT small enough to train while you wait."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1337)

config = dict(block_size=24, n_layer=2, n_head=2, n_embd=32, dropout=0.1, lr=3e-3, batch_size=24, steps=150)

verses = [
    f"the {a} {b} {c} the {d} hill.\n"
    for a in ("old", "red", "shy", "big")
    for b in ("fox", "cat", "owl", "hen")
    for c in ("ran up", "sat by", "flew to")
    for d in ("green", "snowy", "misty")
]
order = torch.randperm(len(verses)).tolist()
chars = sorted(set("".join(verses)))
stoi = {c: i for i, c in enumerate(chars)}


def encode(lines):
    return torch.tensor([stoi[c] for line in lines for c in line])


cut = int(0.9 * len(order))
train_ids = encode([verses[i] for i in order[:cut]])
val_ids = encode([verses[i] for i in order[cut:]])


def get_batch(ids, n):
    T = config["block_size"]
    ix = torch.randint(len(ids) - T, (n,)).tolist()
    x = torch.stack([ids[i:i + T] for i in ix])
    y = torch.stack([ids[i + 1:i + T + 1] for i in ix])
    return x, y


class CausalSelfAttention(nn.Module):
    def __init__(self, C, heads, block_size, dropout):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(C, 3 * C)
        self.proj = nn.Linear(C, C)
        self.drop = nn.Dropout(dropout)
        self.register_buffer("mask", torch.ones(block_size, block_size, dtype=torch.bool).tril())

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(x).split(C, dim=2))
        att = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
        att = att.masked_fill(~self.mask[:T, :T], float("-inf")).softmax(dim=-1)
        y = (self.drop(att) @ v).transpose(1, 2).reshape(B, T, C)
        return self.drop(self.proj(y))


class Block(nn.Module):
    def __init__(self, C, heads, block_size, dropout):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.attn = CausalSelfAttention(C, heads, block_size, dropout)
        self.mlp = nn.Sequential(nn.Linear(C, 4 * C), nn.GELU(), nn.Linear(4 * C, C), nn.Dropout(dropout))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocab, block_size, n_layer, n_head, n_embd, dropout):
        super().__init__()
        self.tok = nn.Embedding(vocab, n_embd)
        self.pos = nn.Embedding(block_size, n_embd)
        self.blocks = nn.Sequential(*[Block(n_embd, n_head, block_size, dropout) for _ in range(n_layer)])
        self.ln = nn.LayerNorm(n_embd)
        self.head = nn.Linear(n_embd, vocab)

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        return self.head(self.ln(self.blocks(x)))


def lm_loss(model, x, y):
    logits = model(x)
    return F.cross_entropy(logits.flatten(0, 1), y.flatten())


model = GPT(len(chars), *(config[k] for k in ("block_size", "n_layer", "n_head", "n_embd", "dropout")))
opt = torch.optim.AdamW(model.parameters(), lr=config["lr"], weight_decay=0.01)
for step in range(1, config["steps"] + 1):
    model.train()
    loss = lm_loss(model, *get_batch(train_ids, config["batch_size"]))
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 50 == 0:
        model.eval()
        with torch.no_grad():
            val = lm_loss(model, *get_batch(val_ids, 64))
        print(f"step {step}: train {loss.item():.3f} val {val.item():.3f}")

model.eval()
ids = torch.tensor([[stoi["t"]]])
with torch.no_grad():
    for _ in range(60):
        probs = model(ids[:, -config["block_size"]:])[:, -1].softmax(dim=-1)
        ids = torch.cat([ids, torch.multinomial(probs, 1)], dim=1)
print("".join(chars[i] for i in ids[0].tolist()))

import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class GPTConfig:
    block_size: int = 24
    vocab_size: int = 0
    n_layer: int = 2
    n_head: int = 2
    n_embd: int = 32
    dropout: float = 0.1


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.n_head, self.p = c.n_head, c.dropout
        self.ln1, self.ln2 = nn.LayerNorm(c.n_embd), nn.LayerNorm(c.n_embd)
        self.qkv = nn.Linear(c.n_embd, 3 * c.n_embd)
        self.proj = nn.Linear(c.n_embd, c.n_embd)
        self.mlp = nn.Sequential(nn.Linear(c.n_embd, 4 * c.n_embd), nn.GELU(), nn.Linear(4 * c.n_embd, c.n_embd))
        self.drop = nn.Dropout(c.dropout)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (m.view(b, t, self.n_head, d // self.n_head).transpose(1, 2) for m in
                   self.qkv(self.ln1(x)).split(d, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.p if self.training else 0.0, is_causal=True)
        x = x + self.drop(self.proj(y.transpose(1, 2).reshape(b, t, d)))
        return x + self.drop(self.mlp(self.ln2(x)))


class GPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.block_size = c.block_size
        self.tok, self.pos = nn.Embedding(c.vocab_size, c.n_embd), nn.Embedding(c.block_size, c.n_embd)
        self.blocks = nn.Sequential(*[Block(c) for _ in range(c.n_layer)])
        self.ln_f = nn.LayerNorm(c.n_embd)
        self.head = nn.Linear(c.n_embd, c.vocab_size, bias=False)
        nn.init.normal_(self.tok.weight, std=0.02)
        nn.init.normal_(self.pos.weight, std=0.02)

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        return self.head(self.ln_f(self.blocks(x)))

    @torch.no_grad()
    def generate(self, idx, n):
        for _ in range(n):
            probs = F.softmax(self(idx[:, -self.block_size:])[:, -1], dim=-1)
            idx = torch.cat([idx, torch.multinomial(probs, 1)], dim=1)
        return idx


torch.manual_seed(1337)
subjects, verbs, objects = ["the cat", "a dog", "my friend"], ["sees", "likes", "hears"], ["rain", "music", "the sea"]
picks = torch.randint(0, 3, (600, 3)).tolist()
text = " ".join(f"{subjects[i]} {verbs[j]} {objects[k]}." for i, j, k in picks)
chars = sorted(set(text))
stoi = {ch: i for i, ch in enumerate(chars)}
data = torch.tensor([stoi[ch] for ch in text])
cut = int(0.9 * len(data))
train_data, val_data = data[:cut], data[cut:]

config = GPTConfig(vocab_size=len(chars))
model = GPT(config)
decay = [p for p in model.parameters() if p.dim() >= 2]
no_decay = [p for p in model.parameters() if p.dim() < 2]
optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": no_decay, "weight_decay": 0.0}],
                              lr=3e-3, betas=(0.9, 0.95))


def get_batch(source, batch_size=32):
    starts = torch.randint(0, len(source) - config.block_size, (batch_size,)).tolist()
    x = torch.stack([source[s:s + config.block_size] for s in starts])
    y = torch.stack([source[s + 1:s + 1 + config.block_size] for s in starts])
    return x, y


def loss_of(x, y):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


@torch.no_grad()
def val_loss(batches=5):
    model.eval()
    mean = sum(loss_of(*get_batch(val_data)).item() for _ in range(batches)) / batches
    model.train()
    return mean


model.train()
for it in range(151):
    if it % 50 == 0:
        loss = val_loss()
        print(f"iter {it}: val loss {loss:.3f} perplexity {math.exp(loss):.2f}")
    optimizer.zero_grad(set_to_none=True)
    loss_of(*get_batch(train_data)).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()

model.eval()
sample = model.generate(torch.tensor([[stoi["t"]]]), 60)[0].tolist()
print("".join(chars[i] for i in sample))

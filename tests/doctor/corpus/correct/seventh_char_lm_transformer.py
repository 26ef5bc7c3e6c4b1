"""Character-level language model (decoder-only transformer) with perplexity and sampling."""
import copy
import math
import random
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


@dataclass
class GPTConfig:
    block: int = 32
    n_embd: int = 48
    n_head: int = 4
    n_layer: int = 2
    dropout: float = 0.1
    batch: int = 32
    epochs: int = 3
    lr: float = 4e-3
    seed: int = 1


def make_text(n_sentences, rng):
    who = ["the cat", "a dog", "my sister", "the old king", "one bird"]
    verb = ["sees", "follows", "likes", "paints", "forgets"]
    what = ["the moon", "a red house", "the river", "some bread", "her song"]
    return " ".join(f"{rng.choice(who)} {rng.choice(verb)} {rng.choice(what)}." for _ in range(n_sentences))


class CharDataset(Dataset):
    def __init__(self, ids, block, stride):
        self.ids, self.block = ids, block
        self.starts = range(0, len(ids) - block, stride)

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, i):
        s = self.starts[i]
        chunk = self.ids[s : s + self.block + 1]
        return chunk[:-1], chunk[1:]


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.n_head, self.p = c.n_head, c.dropout
        self.qkv = nn.Linear(c.n_embd, 3 * c.n_embd)
        self.proj = nn.Linear(c.n_embd, c.n_embd)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.n_head, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=self.p if self.training else 0.0)
        return self.proj(y.transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.ln1, self.attn = nn.LayerNorm(c.n_embd), Attention(c)
        self.ln2 = nn.LayerNorm(c.n_embd)
        self.mlp = nn.Sequential(
            nn.Linear(c.n_embd, 4 * c.n_embd), nn.GELU(), nn.Linear(4 * c.n_embd, c.n_embd), nn.Dropout(c.dropout)
        )

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocab, c):
        super().__init__()
        self.block = c.block
        self.tok, self.pos = nn.Embedding(vocab, c.n_embd), nn.Embedding(c.block, c.n_embd)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.n_layer))
        self.ln = nn.LayerNorm(c.n_embd)
        self.head = nn.Linear(c.n_embd, vocab)

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1), device=idx.device))
        for b in self.blocks:
            x = b(x)
        return self.head(self.ln(x))

    @torch.no_grad()
    def generate(self, idx, n, temperature=0.8):
        self.eval()
        for _ in range(n):
            logits = self(idx[:, -self.block :])[:, -1] / temperature
            nxt = torch.multinomial(F.softmax(logits, dim=-1), 1)
            idx = torch.cat([idx, nxt], dim=1)
        return idx


@torch.no_grad()
def nll(model, loader):
    model.eval()
    total, count = 0.0, 0
    for x, y in loader:
        total += F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum").item()
        count += y.numel()
    return total / count


def main(c):
    torch.manual_seed(c.seed)
    rng = random.Random(c.seed)
    texts = {"train": make_text(400, rng), "val": make_text(60, rng), "test": make_text(60, rng)}
    chars = sorted(set(texts["train"]))
    stoi = {ch: i for i, ch in enumerate(chars)}
    ids = {k: torch.tensor([stoi[ch] for ch in t]) for k, t in texts.items()}
    train = DataLoader(CharDataset(ids["train"], c.block, 8), c.batch, shuffle=True)
    val = DataLoader(CharDataset(ids["val"], c.block, c.block), 64)
    test = DataLoader(CharDataset(ids["test"], c.block, c.block), 64)

    model = GPT(len(chars), c)
    decay = [p for p in model.parameters() if p.dim() >= 2]
    rest = [p for p in model.parameters() if p.dim() < 2]
    opt = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=c.lr, betas=(0.9, 0.95)
    )
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=c.lr, total_steps=c.epochs * len(train), pct_start=0.1)

    best, state = math.inf, None
    for epoch in range(c.epochs):
        model.train()
        for x, y in train:
            loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
            opt.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            sched.step()
        v = nll(model, val)
        print(f"epoch {epoch + 1}: val perplexity per character {math.exp(v):.3f}")
        if v < best:
            best, state = v, copy.deepcopy(model.state_dict())

    model.load_state_dict(state)
    print(f"test perplexity per character {math.exp(nll(model, test)):.3f}")
    start = torch.tensor([[stoi["t"]]])
    print("sample:", "".join(chars[i] for i in model.generate(start, 80)[0].tolist()))


if __name__ == "__main__":
    main(GPTConfig())

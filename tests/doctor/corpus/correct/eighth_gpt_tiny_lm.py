"""A GPT in one file, trained on a made-up language (sums written out as text)."""
import math
from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.nn import functional as F


@dataclass
class GPTConfig:
    vocab_size: int = 13
    block_size: int = 9
    n_layer: int = 2
    n_head: int = 2
    n_embd: int = 48
    dropout: float = 0.0


STOI = {c: i for i, c in enumerate("0123456789+=.")}
ITOS = list(STOI)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(c.n_embd), nn.LayerNorm(c.n_embd)
        self.qkv = nn.Linear(c.n_embd, 3 * c.n_embd, bias=False)
        self.proj = nn.Linear(c.n_embd, c.n_embd, bias=False)
        self.mlp = nn.Sequential(nn.Linear(c.n_embd, 4 * c.n_embd), nn.GELU(approximate="tanh"),
                                 nn.Linear(4 * c.n_embd, c.n_embd), nn.Dropout(c.dropout))
        self.n_head, self.dropout = c.n_head, c.dropout

    def attend(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
                   for t in self.qkv(x).split(C, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True,
                                           dropout_p=self.dropout if self.training else 0.0)
        return self.proj(y.transpose(1, 2).contiguous().view(B, T, C))

    def forward(self, x):
        x = x + self.attend(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.config = c
        self.wte = nn.Embedding(c.vocab_size, c.n_embd)
        self.wpe = nn.Embedding(c.block_size, c.n_embd)
        self.h = nn.ModuleList(Block(c) for _ in range(c.n_layer))
        self.ln_f = nn.LayerNorm(c.n_embd)
        self.lm_head = nn.Linear(c.n_embd, c.vocab_size, bias=False)
        self.wte.weight = self.lm_head.weight
        self.apply(self._init)
        for name, p in self.named_parameters():
            if name.endswith(("proj.weight", "mlp.2.weight")):
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * c.n_layer))

    @staticmethod
    def _init(m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight, std=0.02)
            if getattr(m, "bias", None) is not None:
                nn.init.zeros_(m.bias)

    def forward(self, idx, targets=None):
        pos = torch.arange(idx.size(1), device=idx.device)
        x = self.wte(idx) + self.wpe(pos)
        for block in self.h:
            x = block(x)
        x = self.ln_f(x)
        if targets is None:
            return self.lm_head(x[:, [-1]]), None      # only the next token is asked for
        logits = self.lm_head(x)
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        return logits, loss

    def configure_optimizer(self, wd, lr, betas):
        params = {n: p for n, p in self.named_parameters() if p.requires_grad}
        groups = [{"params": [p for p in params.values() if p.dim() >= 2], "weight_decay": wd},
                  {"params": [p for p in params.values() if p.dim() < 2], "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=lr, betas=betas)


def encode(a, b):
    s = f"{a:02d}+{b:02d}={a + b:03d}."
    ids = torch.tensor([STOI[c] for c in s])
    x, y = ids[:-1], ids[1:].clone()
    y[:5] = -1                       # the question itself can't be predicted
    return x, y


def get_lr(it, warmup=20, total=120, hi=6e-3, lo=6e-4):
    if it < warmup:
        return hi * (it + 1) / warmup
    r = (it - warmup) / (total - warmup)
    return lo + 0.5 * (1 + math.cos(math.pi * r)) * (hi - lo)


@torch.no_grad()
def exact_match(model, xs):
    model.eval()
    ids = xs[:, :6]
    for _ in range(3):
        logits, _ = model(ids)
        ids = torch.cat([ids, logits[:, -1].argmax(-1, keepdim=True)], 1)
    model.train()
    return (ids == xs).all(1).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(42)
    pairs = [(a, b) for a in range(30) for b in range(30)]
    perm = torch.randperm(len(pairs)).tolist()
    data = [encode(*pairs[i]) for i in perm]
    X, Y = map(torch.stack, zip(*data))
    Xtr, Ytr, Xva, Yva = X[100:], Y[100:], X[:100], Y[:100]

    model = GPT(GPTConfig())
    opt = model.configure_optimizer(0.1, 6e-3, (0.9, 0.95))
    for it in range(120):
        for g in opt.param_groups:
            g["lr"] = get_lr(it)
        ix = torch.randint(len(Xtr), (64,))            # with replacement, as in nanoGPT
        _, loss = model(Xtr[ix], Ytr[ix])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        if it % 30 == 29:
            print(f"iter {it + 1} loss {loss.item():.3f} held-out exact match {exact_match(model, Xva):.2f}")

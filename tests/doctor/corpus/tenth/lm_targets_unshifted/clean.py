import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    vocab: int = 20
    dim: int = 32
    block: int = 24
    batch: int = 32
    steps: int = 150
    lr: float = 3e-3


class CharRNN(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.tok = nn.Embedding(cfg.vocab, cfg.dim)
        self.rnn = nn.GRU(cfg.dim, cfg.dim, batch_first=True)
        self.head = nn.Linear(cfg.dim, cfg.vocab)

    def forward(self, idx):
        return self.head(self.rnn(self.tok(idx))[0])


def markov_text(n, vocab):
    trans = torch.softmax(2.5 * torch.randn(vocab, vocab), dim=1)
    out = [0]
    for _ in range(n - 1):
        out.append(int(torch.multinomial(trans[out[-1]], 1)))
    return torch.tensor(out)


def get_batch(text, cfg):
    start = torch.randint(0, len(text) - cfg.block - 1, (cfg.batch,))
    x = torch.stack([text[s:s + cfg.block] for s in start])
    y = torch.stack([text[s + 1:s + cfg.block + 1] for s in start])
    return x, y


@torch.no_grad()
def evaluate(model, text, cfg, iters=20):
    model.eval()
    total = 0.0
    for _ in range(iters):
        x, y = get_batch(text, cfg)
        total += F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item()
    model.train()
    return math.exp(total / iters)


cfg = Config()
torch.manual_seed(1337)
text = markov_text(6000, cfg.vocab)
train_text, val_text = text[:5000], text[5000:]
model = CharRNN(cfg)
opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
for step in range(1, cfg.steps + 1):
    x, y = get_batch(train_text, cfg)
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"step {step}: loss {loss.item():.3f}, val ppl {evaluate(model, val_text, cfg):.2f}")

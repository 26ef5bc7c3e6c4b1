import argparse

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

TEXT = "the quick brown fox jumps over the lazy dog. she sells sea shells by the sea shore. " * 30


class CharLM(nn.Module):
    def __init__(self, vocab, width, layers=1):
        super().__init__()
        self.tok = nn.Embedding(vocab, width)
        self.rnn = nn.GRU(width, width, layers, batch_first=True)
        self.lm_head = nn.Linear(width, vocab)

    def forward(self, idx, targets=None, h=None):
        out, h = self.rnn(self.tok(idx), h)
        logits = self.lm_head(out)
        loss = None
        if targets is not None:
            loss = F.cross_entropy(logits.reshape(-1, logits.size(-1)), targets.reshape(-1))
        return logits, loss, h

    @torch.no_grad()
    def generate(self, idx, n):
        self.eval()
        h, out = None, [idx]
        for _ in range(n):
            logits, _, h = self(out[-1], h=h)
            out.append(logits[:, -1:].argmax(-1))
        return torch.cat(out, dim=1)


def get_batch(data, block, batch, rng):
    ix = rng.integers(0, len(data) - block - 1, batch)
    x = torch.stack([data[i : i + block] for i in ix])
    y = torch.stack([data[i : i + block] for i in ix])
    return x, y


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--iters", type=int, default=120)
    p.add_argument("--block", type=int, default=32)
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--width", type=int, default=64)
    p.add_argument("--lr", type=float, default=5e-3)
    args = p.parse_args()

    torch.manual_seed(1337)
    rng = np.random.default_rng(1337)
    chars = sorted(set(TEXT))
    stoi = {c: i for i, c in enumerate(chars)}
    data = torch.tensor([stoi[c] for c in TEXT])

    model = CharLM(len(chars), args.width)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    for it in range(1, args.iters + 1):
        x, y = get_batch(data, args.block, args.batch, rng)
        _, loss, _ = model(x, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if it % 40 == 0:
            print(f"iter {it} loss {loss.item():.4f}")
    sample = model.generate(torch.tensor([[stoi["s"]]]), 40)[0].tolist()
    print("".join(chars[i] for i in sample))

import argparse
import math
import random

import torch
from torch import nn

p = argparse.ArgumentParser()
p.add_argument("--steps", type=int, default=80)
p.add_argument("--bs", type=int, default=32)
p.add_argument("--ctx", type=int, default=24)
p.add_argument("--lr", type=float, default=3e-3)
args = p.parse_args()
torch.manual_seed(1337)

random.seed(1337)
words = "the cat dog bird sat sang ran over on a mat log hill moon and saw fox ship sea".split()
text = " ".join(random.choice(words) for _ in range(1200))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
n = int(0.9 * len(data))
splits = {"train": data[:n], "val": data[n:]}


def get_batch(split):
    d = splits[split]
    ix = torch.randint(0, len(d) - args.ctx, (args.bs,)).tolist()
    x = torch.stack([d[i:i + args.ctx] for i in ix])
    y = torch.stack([d[i + 1:i + 1 + args.ctx] for i in ix])
    return x, y


class CharGPT(nn.Module):
    def __init__(self, vocab, d=48, heads=4, layers=2):
        super().__init__()
        self.tok = nn.Embedding(vocab, d)
        self.pos = nn.Embedding(args.ctx, d)
        block = nn.TransformerEncoderLayer(d, heads, 4 * d, dropout=0.1, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, layers, enable_nested_tensor=False)
        self.head = nn.Linear(d, vocab)

    def forward(self, idx):
        t = idx.size(1)
        h = self.tok(idx) + self.pos(torch.arange(t, device=idx.device))
        return self.head(self.blocks(h))


model = CharGPT(len(chars))
opt = torch.optim.AdamW(model.parameters(), lr=args.lr)
lossf = nn.CrossEntropyLoss()
for it in range(args.steps):
    model.train()
    xb, yb = get_batch("train")
    loss = lossf(model(xb).flatten(0, 1), yb.flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if it % 20 == 19:
        model.eval()
        with torch.no_grad():
            xv, yv = get_batch("val")
            v = lossf(model(xv).flatten(0, 1), yv.flatten()).item()
        print(f"iter {it + 1}: train {loss.item():.3f} val {v:.3f} ppl {math.exp(v):.2f}")

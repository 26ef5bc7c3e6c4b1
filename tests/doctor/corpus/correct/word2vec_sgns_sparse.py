"""Skip-gram with negative sampling; sparse gradients, hence SparseAdam."""
from collections import Counter

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
rng = np.random.default_rng(0)
TOPICS = [["cat", "dog", "mouse", "horse", "cow"], ["red", "blue", "green", "black", "white"], ["one", "two", "three", "four", "five"]]
GLUE = ["the", "a", "and", "of"]


def sentence():
    t = TOPICS[rng.integers(3)]
    return [rng.choice(GLUE) if rng.random() < 0.3 else rng.choice(t) for _ in range(8)]


sents = [sentence() for _ in range(500)]
freq = Counter(w for s in sents for w in s)
vocab = sorted(freq)
ix = {w: i for i, w in enumerate(vocab)}
counts = torch.tensor([freq[w] for w in vocab], dtype=torch.float)
noise = counts ** 0.75                                     # multinomial normalises by itself
share = counts / counts.sum()
keep = (0.05 / share).sqrt().clamp(max=1.0)                # frequent words are thinned out


def pairs(window=2):
    out = []
    for s in sents:
        s = [ix[w] for w in s if rng.random() < keep[ix[w]].item()]
        for i, c in enumerate(s):
            w = rng.integers(1, window + 1)
            out += [(c, s[j]) for j in range(max(0, i - w), min(len(s), i + w + 1)) if j != i]
    return torch.tensor(out)


class SGNS(nn.Module):
    def __init__(self, v, d=16):
        super().__init__()
        self.inp, self.out = nn.Embedding(v, d, sparse=True), nn.Embedding(v, d, sparse=True)
        nn.init.uniform_(self.inp.weight, -0.5 / d, 0.5 / d)
        nn.init.zeros_(self.out.weight)                    # as in the original: only one side starts at zero

    def forward(self, c, pos, neg):
        v = self.inp(c).unsqueeze(2)
        good = torch.bmm(self.out(pos).unsqueeze(1), v).flatten()
        bad = torch.bmm(self.out(neg), v).squeeze(2)
        return -(F.logsigmoid(good) + F.logsigmoid(-bad).sum(1)).mean()


net = SGNS(len(vocab))
opt = torch.optim.SparseAdam(list(net.parameters()), lr=0.01)
for epoch in range(4):
    data = pairs()
    data = data[torch.randperm(len(data))]
    total = 0.0
    for chunk in data.split(64):
        neg = torch.multinomial(noise, len(chunk) * 5, replacement=True).view(-1, 5)
        loss = net(chunk[:, 0], chunk[:, 1], neg)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(chunk)
    print(f"epoch {epoch}: {len(data)} pairs, loss {total / len(data):.3f}")

with torch.no_grad():
    e = F.normalize(net.inp.weight, dim=1)
    for w in ("cat", "red", "two"):
        near = (e @ e[ix[w]]).topk(4).indices[1:]
        print(w, [str(vocab[i]) for i in near])

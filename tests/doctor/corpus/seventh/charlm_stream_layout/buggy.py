"""Zeichen-Sprachmodell mit abgeschnittener Rueckpropagation durch die Zeit."""
import math
import random

import torch
from torch import nn

torch.manual_seed(9)
rnd = random.Random(9)
NOMEN = ["der hund", "die katze", "das kind", "der vogel", "die frau"]
VERB = ["sieht", "mag", "sucht", "ruft"]
text = " ".join(f"{rnd.choice(NOMEN)} {rnd.choice(VERB)} {rnd.choice(NOMEN)}." for _ in range(900))
stoi = {c: i for i, c in enumerate(sorted(set(text)))}
ids = torch.tensor([stoi[c] for c in text])
cut = int(0.9 * len(ids))


def batchify(seq, bsz):
    # Ergebnis: (Zeit, Spalten)
    n = seq.numel() // bsz
    return seq[:n * bsz].view(n, bsz).contiguous()


def windows(stream, bptt):
    for i in range(0, stream.size(0) - 1, bptt):
        k = min(bptt, stream.size(0) - 1 - i)
        yield stream[i:i + k], stream[i + 1:i + 1 + k]


class CharGRU(nn.Module):
    def __init__(self, v, d=64):
        super().__init__()
        self.emb = nn.Embedding(v, d)
        self.rnn = nn.GRU(d, d)
        self.head = nn.Linear(d, v)

    def forward(self, x, h=None):
        o, h = self.rnn(self.emb(x), h)
        return self.head(o), h


BSZ, BPTT = 20, 35
train_stream = batchify(ids[:cut], BSZ)
val_stream = batchify(ids[cut:], 4)
net = CharGRU(len(stoi))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
ce = nn.CrossEntropyLoss()


@torch.no_grad()
def perplexity(stream):
    net.eval()
    h, nll, n = None, 0.0, 0
    for x, y in windows(stream, BPTT):
        out, h = net(x, h)
        nll += ce(out.flatten(0, 1), y.flatten()).item() * y.numel()
        n += y.numel()
    return math.exp(nll / n)


for epoch in range(5):
    net.train()
    h = None  # neuer Durchlauf, neuer Zustand
    for x, y in windows(train_stream, BPTT):
        if h is not None:
            h = h.detach()
        out, h = net(x, h)
        loss = ce(out.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    print(f"Epoche {epoch}: Perplexitaet {perplexity(val_stream):.2f}")

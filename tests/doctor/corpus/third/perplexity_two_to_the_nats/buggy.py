import random
from collections import Counter
import torch
import torch.nn as nn
import torch.nn.functional as F

NOUNS, VERBS, PREPS = "cat dog bird mouse horse".split(), "sat ran slept fell".split(), "on near under".split()


def sentences(n, rng):
    words = []
    for _ in range(n):
        words += ["the", rng.choice(NOUNS), rng.choice(VERBS), rng.choice(PREPS), "the", rng.choice(NOUNS), "."]
    return words


class Vocab:
    def __init__(self, tokens, min_freq=1):
        kept = [w for w, n in Counter(tokens).most_common() if n >= min_freq]
        self.itos = ["<unk>"] + kept
        self.stoi = {w: i for i, w in enumerate(self.itos)}

    def encode(self, tokens):
        return torch.tensor([self.stoi.get(w, 0) for w in tokens])


class LM(nn.Module):
    def __init__(self, v, dim=24):
        super().__init__()
        self.emb = nn.Embedding(v, dim)
        self.rnn = nn.GRU(dim, 48, batch_first=True)
        self.out = nn.Linear(48, v)

    def forward(self, x, h=None):
        y, h = self.rnn(self.emb(x), h)
        return self.out(y), h


def chunks(ids, length):
    for i in range(0, len(ids) - 1, length):
        x, y = ids[i:i + length], ids[i + 1:i + 1 + length]
        yield x[:len(y)].unsqueeze(0), y.unsqueeze(0)


def train_epoch(model, ids, opt, length):
    model.train()
    h = None
    for x, y in chunks(ids, length):
        logits, h = model(x, h)
        h = h.detach()
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()


@torch.no_grad()
def evaluate(model, ids, length):
    model.eval()
    h, nll, count = None, 0.0, 0
    for x, y in chunks(ids, length):
        logits, h = model(x, h)
        nll += F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum").item()
        count += y.numel()
    return nll / count


def perplexity(loss):
    return 2 ** loss


torch.manual_seed(0)
words = sentences(150, random.Random(1))
cut = int(0.8 * len(words))
vocab = Vocab(words[:cut])
train_ids, valid_ids = vocab.encode(words[:cut]), vocab.encode(words[cut:])
model = LM(len(vocab.itos))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(4):
    train_epoch(model, train_ids, opt, 20)
    print("epoch %d  valid perplexity %.3f" % (epoch, perplexity(evaluate(model, valid_ids, 20))))

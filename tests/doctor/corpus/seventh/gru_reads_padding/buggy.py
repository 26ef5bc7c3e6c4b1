import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD = 0
DIGITS, PLUS, MINUS = range(1, 10), 10, 11


def make_sample(rng):
    """A chain such as 3 + 7 - 2 ...; the label says whether its value is positive."""
    n = rng.choice([2, 2, 3, 3, 4, 20])
    total = rng.randrange(1, 10)
    tokens = [total]
    for _ in range(n - 1):
        d = rng.choice(DIGITS)
        sign = rng.choice((1, -1))
        tokens += [PLUS if sign > 0 else MINUS, d]
        total += sign * d
    return torch.tensor(tokens), int(total > 5)


def pad_batch(items):
    seqs, labels = zip(*items)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True, padding_value=PAD), lengths, torch.tensor(labels)


class ChainReader(nn.Module):
    def __init__(self, emb=16, hid=32):
        super().__init__()
        self.embed = nn.Embedding(12, emb, padding_idx=PAD)
        self.gru = nn.GRU(emb, hid, batch_first=True)
        self.cls = nn.Linear(hid, 2)

    def forward(self, tokens, lengths):
        out, _ = self.gru(self.embed(tokens))
        return self.cls(out[:, -1])


def loop(model, loader, opt=None):
    """One pass; trains when an optimizer is given. Returns mean loss and accuracy."""
    training = opt is not None
    model.train(training)
    n = hit = 0
    total = 0.0
    with torch.set_grad_enabled(training):
        for tokens, lengths, labels in loader:
            logits = model(tokens, lengths)
            loss = nn.functional.cross_entropy(logits, labels)
            if training:
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_value_(model.parameters(), 0.5)
                opt.step()
            total += loss.item() * len(labels)
            hit += (logits.argmax(1) == labels).sum().item()
            n += len(labels)
    return total / n, hit / n


def main():
    rng = random.Random(27)
    torch.manual_seed(27)
    data = [make_sample(rng) for _ in range(2000)]
    train_dl = DataLoader(data[:1600], batch_size=50, shuffle=True, collate_fn=pad_batch)
    dev_dl = DataLoader(data[1600:], batch_size=100, collate_fn=pad_batch)
    model = ChainReader()
    opt = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    for epoch in range(5):
        tr, dv = loop(model, train_dl, opt), loop(model, dev_dl)
        print("epoch %d  train %.3f/%.3f  dev %.3f/%.3f" % (epoch, *tr, *dv))


if __name__ == "__main__":
    main()

"""Sequence tagging (BIO spans) with a BiLSTM; padding is ignored by the loss and by the span F1."""
import random
from typing import List, Tuple

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

FIRST = "anna boris chen dora emil farid gita hugo ines jonas kemal lena".split()
LAST = "smith okafor novak kim silva meyer haddad rossi".split()
CITY = "oslo lima paris seoul quito cairo delhi".split()
FILL = "yesterday the train from was late and then moved to near with old friends of again report says".split()
TAGS = ["O", "B-PER", "I-PER", "B-LOC"]
IGNORE = -100


def sentence(rng) -> Tuple[List[str], List[str]]:
    words, tags = [], []
    for _ in range(rng.randint(2, 4)):
        for w in rng.sample(FILL, rng.randint(1, 4)):
            words.append(w)
            tags.append("O")
        if rng.random() < 0.6:
            words += [rng.choice(FIRST), rng.choice(LAST)]
            tags += ["B-PER", "I-PER"]
        else:
            words.append(rng.choice(CITY))
            tags.append("B-LOC")
    return words, tags


class Vocab:
    def __init__(self, sents):
        self.stoi = {"<pad>": 0, "<unk>": 1}
        for words, _ in sents:
            for w in words:
                self.stoi.setdefault(w, len(self.stoi))

    def __len__(self):
        return len(self.stoi)

    def encode(self, words):
        return torch.tensor([self.stoi.get(w, 1) for w in words])


class Collate:
    def __init__(self, vocab, p_unk=0.0):
        self.vocab, self.p_unk = vocab, p_unk

    def __call__(self, batch):
        xs = [self.vocab.encode(w) for w, _ in batch]
        if self.p_unk:  # word dropout teaches the <unk> vector
            xs = [torch.where(torch.rand(len(x)) < self.p_unk, 1, x) for x in xs]
        ys = [torch.tensor([TAGS.index(t) for t in tags]) for _, tags in batch]
        lens = torch.tensor([len(x) for x in xs])
        return pad_sequence(xs, batch_first=True), pad_sequence(ys, batch_first=True, padding_value=IGNORE), lens


class Tagger(nn.Module):
    def __init__(self, n_words, dim=16, hidden=16):
        super().__init__()
        self.emb = nn.Embedding(n_words, dim, padding_idx=0)
        self.rnn = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, len(TAGS))

    def forward(self, x, lens):
        packed = pack_padded_sequence(self.emb(x), lens, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(h)


def spans(tags):
    out, start = set(), None
    for i, t in enumerate(tags + ["O"]):
        if start is not None and not t.startswith("I-"):
            out.add((start, i, tags[start][2:]))
            start = None
        if t.startswith("B-"):
            start = i
    return out


def span_f1(model, dl):
    model.eval()
    tp = n_pred = n_gold = 0
    with torch.no_grad():
        for x, y, lens in dl:
            pred = model(x, lens).argmax(-1)
            for p, g, n in zip(pred.tolist(), y.tolist(), lens.tolist()):
                sp, sg = spans([TAGS[i] for i in p[:n]]), spans([TAGS[i] for i in g[:n]])
                tp, n_pred, n_gold = tp + len(sp & sg), n_pred + len(sp), n_gold + len(sg)
    return 2 * tp / max(n_pred + n_gold, 1)


def main():
    torch.manual_seed(6)
    rng = random.Random(6)
    sents = [sentence(rng) for _ in range(420)]
    train, dev = sents[:320], sents[320:]
    vocab = Vocab(train)
    train_dl = DataLoader(train, batch_size=16, shuffle=True, collate_fn=Collate(vocab, p_unk=0.05))
    dev_dl = DataLoader(dev, batch_size=50, collate_fn=Collate(vocab))
    model = Tagger(len(vocab))
    loss_fn = nn.CrossEntropyLoss(ignore_index=IGNORE)
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(4):
        model.train()
        for x, y, lens in train_dl:
            logits = model(x, lens)
            loss = loss_fn(logits.flatten(0, 1), y.flatten())
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()
        print(f"epoch {epoch} loss {loss.item():.3f} dev F1 {span_f1(model, dev_dl):.3f}")


if __name__ == "__main__":
    main()

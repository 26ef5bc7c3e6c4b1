"""Toy NER tagging with a BiLSTM; padding carries ignore_index, entity-level F1 on BIO spans."""
import copy
import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
IGNORE = -100
FIRST = ["anna", "jonas", "maria", "peter", "lena", "kofi"]
LAST = ["berg", "silva", "tanaka", "okafor", "rossi"]
PLACE = [["new", "york"], ["paris"], ["san", "marino"], ["lagos"], ["oslo"]]
TEMPLATES = ["PER lives in LOC", "yesterday PER met PER in LOC", "LOC is far from LOC", "the old train left LOC late",
             "PER wrote a long letter", "nothing new happened in LOC today", "they saw PER and smiled"]


def sentence(rng):
    words, tags = [], []
    for tok in rng.choice(TEMPLATES).split():
        if tok == "PER":
            span = [rng.choice(FIRST)] + ([rng.choice(LAST)] if rng.random() < 0.6 else [])
            words += span
            tags += ["B-PER"] + ["I-PER"] * (len(span) - 1)
        elif tok == "LOC":
            span = rng.choice(PLACE)
            words += span
            tags += ["B-LOC"] + ["I-LOC"] * (len(span) - 1)
        else:
            words.append(tok)
            tags.append("O")
    return words, [TAGS.index(t) for t in tags]


class Collate:
    def __init__(self, vocab):
        self.vocab = vocab

    def __call__(self, batch):
        ids = [torch.tensor([self.vocab.get(w, 1) for w in words]) for words, _ in batch]
        tags = [torch.tensor(t) for _, t in batch]
        lengths = torch.tensor([len(i) for i in ids])
        return (pad_sequence(ids, batch_first=True, padding_value=0), lengths,
                pad_sequence(tags, batch_first=True, padding_value=IGNORE))


class Tagger(nn.Module):
    def __init__(self, vocab_size, dim=24, hidden=24):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.drop = nn.Dropout(0.3)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, len(TAGS))

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.drop(self.emb(ids)), lengths, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.lstm(x)[0], batch_first=True, total_length=ids.size(1))
        return self.out(self.drop(h))


def spans(tags):
    found, start, kind = set(), None, None
    for i, t in enumerate(list(tags) + [0]):
        name = TAGS[t]
        if start is not None and name != f"I-{kind}":
            found.add((start, i, kind))
            start = None
        if name.startswith("B-"):
            start, kind = i, name[2:]
    return found


def entity_f1(model, loader):
    model.eval()
    tp = fp = fn = 0
    with torch.no_grad():
        for ids, lengths, tags in loader:
            pred = model(ids, lengths).argmax(-1)
            for p, t, n in zip(pred.tolist(), tags.tolist(), lengths.tolist()):
                ps, ts = spans(p[:n]), spans(t[:n])
                tp, fp, fn = tp + len(ps & ts), fp + len(ps - ts), fn + len(ts - ps)
    return 2 * tp / max(2 * tp + fp + fn, 1)


def main():
    torch.manual_seed(14)
    rng = random.Random(14)
    unique = []
    seen = set()
    while len(unique) < 420:  # no sentence appears in two splits
        words, tags = sentence(rng)
        key = " ".join(words)
        if key not in seen:
            seen.add(key)
            unique.append((words, tags))
    train, val, test = unique[:260], unique[260:340], unique[340:]
    vocab = {"<pad>": 0, "<unk>": 1}
    for words, _ in train:
        for w in words:
            vocab.setdefault(w, len(vocab))
    collate = Collate(vocab)
    train_dl = DataLoader(train, batch_size=20, shuffle=True, collate_fn=collate)
    val_dl = DataLoader(val, batch_size=40, collate_fn=collate)
    test_dl = DataLoader(test, batch_size=40, collate_fn=collate)
    model = Tagger(len(vocab))
    criterion = nn.CrossEntropyLoss(ignore_index=IGNORE)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    best, state = -1.0, None
    for epoch in range(6):
        model.train()
        for ids, lengths, tags in train_dl:
            logits = model(ids, lengths)
            loss = criterion(logits.reshape(-1, len(TAGS)), tags.reshape(-1))
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()
        f1 = entity_f1(model, val_dl)
        print(f"epoch {epoch + 1}: val entity F1 {f1:.3f}")
        if f1 > best:
            best, state = f1, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    print(f"test entity F1 {entity_f1(model, test_dl):.3f}")


if __name__ == "__main__":
    main()

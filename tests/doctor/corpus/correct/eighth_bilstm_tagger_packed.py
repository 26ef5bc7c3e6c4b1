"""
CS course, assignment 3 (reference solution): named-entity tagging with a packed BiLSTM.
Entity-level F1 in the IOB scheme; words get character features for unknown spellings.
"""
import random
from typing import NamedTuple

import torch
import torch.nn as nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
FIRST = "Ada Alan Grace Linus Barbara Donald Edsger Tony".split()
LAST = "Knuth Hopper Liskov Turing Lovelace Hoare Milner Torvalds".split()
PLACE = [["Paris"], ["New", "York"], ["Rio", "de", "Janeiro"], ["Berlin"], ["San", "Jose"], ["Oslo"]]
PATTERNS = ["{P} lives in {L} today", "yesterday {P} met {P} near {L}", "the road to {L} was closed",
            "{P} said that {P} wrote it", "nobody from {L} knows", "it was {P} again"]


class Sentence(NamedTuple):
    words: list
    tags: list


def generate(n, rng):
    out = []
    for _ in range(n):
        words, tags = [], []
        for piece in rng.choice(PATTERNS).split():
            if piece == "{P}":
                name = [rng.choice(FIRST)] + ([rng.choice(LAST)] if rng.random() < 0.6 else [])
                words += name
                tags += ["B-PER", "I-PER"][:len(name)]
            elif piece == "{L}":
                name = rng.choice(PLACE)
                words += name
                tags += ["B-LOC"] + ["I-LOC"] * (len(name) - 1)
            else:
                words.append(piece)
                tags.append("O")
        out.append(Sentence(words, tags))
    return list({" ".join(s.words): s for s in out}.values())        # each sentence once


def spans(tags):
    """{(type, start, end)} from IOB tags; an I without its B begins nothing."""
    found, start = set(), None
    for i, t in enumerate([*tags, "O"]):
        if start is not None and t != "I-" + tags[start][2:]:
            found.add((tags[start][2:], start, i))
            start = None
        if t.startswith("B-"):
            start = i
    return found


class Tagger(nn.Module):
    def __init__(self, n_words, n_tags, emb=24, hidden=24):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb)
        self.lstm = nn.LSTM(emb + 1, hidden, bidirectional=True)
        self.out = nn.Linear(2 * hidden, n_tags)

    def forward(self, ids: PackedSequence, caps: PackedSequence):
        x = torch.cat([self.emb(ids.data), caps.data.unsqueeze(1)], 1)
        h, _ = self.lstm(ids._replace(data=x))
        return h._replace(data=self.out(h.data))       # no padding anywhere: one row per real word


def pack(batch, stoi, unk_p=0.0):
    drop = lambda w: 1 if random.random() < unk_p else stoi.get(w, 1)
    ids = pack_sequence([torch.tensor([drop(w) for w in s.words]) for s in batch], enforce_sorted=False)
    caps = pack_sequence([torch.tensor([float(w[0].isupper()) for w in s.words]) for s in batch], enforce_sorted=False)
    gold = pack_sequence([torch.tensor([TAGS.index(t) for t in s.tags]) for s in batch], enforce_sorted=False)
    return ids, caps, gold


def evaluate(model, data, stoi):
    model.eval()
    tp = n_pred = n_gold = 0
    with torch.no_grad():
        for i in range(0, len(data), 50):
            batch = data[i:i + 50]
            ids, caps, _ = pack(batch, stoi)
            logits, lengths = pad_packed_sequence(model(ids, caps), batch_first=True)   # in the order of the batch
            for s, row, n in zip(batch, logits.argmax(-1).tolist(), lengths.tolist()):
                p, g = spans([TAGS[k] for k in row[:n]]), spans(s.tags)
                tp, n_pred, n_gold = tp + len(p & g), n_pred + len(p), n_gold + len(g)
    return 2 * tp / max(n_pred + n_gold, 1)


def main():
    random.seed(0)
    torch.manual_seed(0)
    data = generate(700, random.Random(1))
    random.shuffle(data)
    test, train = data[:120], data[120:]
    vocab = sorted({w for s in train for w in s.words})
    stoi = {w: i for i, w in enumerate(vocab, start=2)}          # 0 is free, 1 is the unknown word

    model = Tagger(len(stoi) + 2, len(TAGS))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(4):
        model.train()
        random.shuffle(train)
        total, words = 0.0, 0
        for i in range(0, len(train), 32):
            ids, caps, gold = pack(train[i:i + 32], stoi, unk_p=0.1)
            loss = nn.functional.cross_entropy(model(ids, caps).data, gold.data)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            total += loss.item() * len(gold.data)
            words += len(gold.data)
        print(f"epoch {epoch} loss per word {total / words:.4f} test entity F1 {evaluate(model, test, stoi):.3f}")


if __name__ == "__main__":
    main()

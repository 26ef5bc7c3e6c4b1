"""Sequence tagging: variable lengths, packed BiLSTM, padding label ignored, per-token averages over a whole epoch."""
import random
from contextlib import nullcontext

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Sampler

PAD, PAD_TAG, VOCAB, TAGS = 0, -100, 30, 3


def make_sentence(rng):
    """Tag 1: token equals its left neighbour. Tag 2: equals its right neighbour. Otherwise 0."""
    n = rng.randint(3, 15)
    words = [rng.randrange(1, VOCAB)]
    for _ in range(n - 1):
        words.append(words[-1] if rng.random() < 0.3 else rng.randrange(1, VOCAB))
    tags = []
    for i, w in enumerate(words):
        tags.append(1 if i and words[i - 1] == w else 2 if i + 1 < n and words[i + 1] == w else 0)
    return tuple(words), tuple(tags)


class BucketSampler(Sampler):
    """Batches of sentences of nearly equal length; their order is new in every epoch."""

    def __init__(self, lengths, batch_size, seed=0):
        self.lengths, self.batch_size, self.rng = lengths, batch_size, random.Random(seed)

    def __iter__(self):
        order = sorted(range(len(self.lengths)), key=lambda i: (self.lengths[i], self.rng.random()))
        chunks = [order[i:i + self.batch_size] for i in range(0, len(order), self.batch_size)]
        self.rng.shuffle(chunks)
        yield from chunks

    def __len__(self):
        return -(-len(self.lengths) // self.batch_size)


def collate(batch):
    words, tags = zip(*batch)
    lengths = torch.tensor([len(w) for w in words])
    return (pad_sequence([torch.tensor(w) for w in words], batch_first=True, padding_value=PAD),
            pad_sequence([torch.tensor(t) for t in tags], batch_first=True, padding_value=PAD_TAG), lengths)


class Tagger(nn.Module):
    def __init__(self, emb=24, hidden=32):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, emb, padding_idx=PAD)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(2 * hidden, TAGS)

    def forward(self, words, lengths):
        packed = pack_padded_sequence(self.emb(words), lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=words.size(1))
        return self.out(self.drop(states))


def run(model, loader, opt=None):
    model.train(opt is not None)
    loss_sum = tokens = hits = 0
    confusion = torch.zeros(TAGS, TAGS, dtype=torch.long)
    with nullcontext() if opt else torch.no_grad():
        for words, tags, lengths in loader:
            logits = model(words, lengths)
            mask = tags.ne(PAD_TAG)
            loss = F.cross_entropy(logits.transpose(1, 2), tags, ignore_index=PAD_TAG)
            if opt:
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 2.0)
                opt.step()
            n = int(mask.sum())
            pred = logits.argmax(-1)
            loss_sum += loss.item() * n
            hits += int((pred[mask] == tags[mask]).sum())
            tokens += n
            confusion += torch.bincount(tags[mask] * TAGS + pred[mask], minlength=TAGS ** 2).view(TAGS, TAGS)
    recall = confusion.diag() / confusion.sum(1).clamp(min=1)
    return loss_sum / tokens, hits / tokens, [round(r, 3) for r in recall.tolist()]


if __name__ == "__main__":
    torch.manual_seed(31)
    rng = random.Random(31)
    sentences = sorted({make_sentence(rng) for _ in range(1300)})
    rng.shuffle(sentences)
    train, test = sentences[:1000], sentences[1000:]
    train_loader = DataLoader(train, batch_sampler=BucketSampler([len(w) for w, _ in train], 32, seed=1), collate_fn=collate)
    test_loader = DataLoader(test, batch_size=64, collate_fn=collate)
    model = Tagger()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(5):
        loss, acc, _ = run(model, train_loader, opt)
        print(f"epoch {epoch} loss/token {loss:.3f} acc {acc:.3f}")
    loss, acc, recall = run(model, test_loader)
    print(f"test loss/token {loss:.3f} acc {acc:.3f} recall per tag {recall}")

"""Sentiment of generated sentences: vocabulary, padding collate, packed GRU."""
import copy
import random
from collections import Counter

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD, UNK = "<pad>", "<unk>"
POS = "great lovely wonderful pleasant brilliant charming".split()
NEG = "awful boring terrible dull horrible weak".split()
FILL = "the film was a story with actors and music in my opinion scene plot ending quite".split()


def make_corpus(n, rng):
    samples = []
    for _ in range(n):
        label = rng.randint(0, 1)
        words = rng.choices(FILL, k=rng.randint(4, 14))
        for _ in range(rng.randint(1, 3)):
            words.insert(rng.randint(0, len(words)), rng.choice(POS if label else NEG))
        if rng.random() < 0.2:
            words.insert(rng.randint(0, len(words)), rng.choice(POS + NEG))
        samples.append((" ".join(words), label))
    return samples


class Vocab:
    def __init__(self, texts, min_freq=2):
        counts = Counter(w for t in texts for w in t.split())
        self.itos = [PAD, UNK] + sorted(w for w, c in counts.items() if c >= min_freq)
        self.stoi = {w: i for i, w in enumerate(self.itos)}

    def encode(self, text):
        unk = self.stoi[UNK]
        return [self.stoi.get(w, unk) for w in text.split()]

    def __len__(self):
        return len(self.itos)


class ReviewDataset(Dataset):
    def __init__(self, samples, vocab):
        self.items = [(torch.tensor(vocab.encode(t)), y) for t, y in samples]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True, padding_value=0), lengths, torch.tensor(labels, dtype=torch.float32)


class GRUClassifier(nn.Module):
    def __init__(self, n_words, emb=32, hidden=32):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hidden, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(2 * hidden, 1)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.emb(tokens), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        h = torch.cat([h[-2], h[-1]], dim=1)
        return self.fc(self.drop(h)).squeeze(1)


def run_epoch(model, loader, criterion, optimizer=None):
    training = optimizer is not None
    model.train(training)
    total, correct, n = 0.0, 0, 0
    with torch.set_grad_enabled(training):
        for tokens, lengths, labels in loader:
            logits = model(tokens, lengths)
            loss = criterion(logits, labels)
            if training:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimizer.step()
            total += loss.item() * len(labels)
            correct += ((logits > 0).float() == labels).sum().item()
            n += len(labels)
    return total / n, correct / n


def main():
    rng = random.Random(11)
    torch.manual_seed(11)
    train, val, test = make_corpus(800, rng), make_corpus(200, rng), make_corpus(200, rng)
    vocab = Vocab([t for t, _ in train])
    loaders = {
        name: DataLoader(ReviewDataset(part, vocab), batch_size=32, shuffle=(name == "train"), collate_fn=collate)
        for name, part in (("train", train), ("val", val), ("test", test))
    }
    model = GRUClassifier(len(vocab))
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    best, state = float("inf"), None
    for epoch in range(5):
        tr_loss, tr_acc = run_epoch(model, loaders["train"], criterion, optimizer)
        va_loss, va_acc = run_epoch(model, loaders["val"], criterion)
        print(f"{epoch}: train {tr_loss:.3f}/{tr_acc:.3f}  val {va_loss:.3f}/{va_acc:.3f}")
        if va_loss < best:
            best, state = va_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    te_loss, te_acc = run_epoch(model, loaders["test"], criterion)
    print(f"test loss {te_loss:.3f}, accuracy {te_acc:.3f}")


if __name__ == "__main__":
    main()

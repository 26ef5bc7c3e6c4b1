import random
from collections import Counter

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

GOOD = "good great lovely charming superb".split()
BAD = "bad dull awful boring weak".split()
FILL = "the film was with a story and some actors in front of very old houses that we saw last summer".split()


def review(rng):
    words = [rng.choice(FILL) for _ in range(rng.randint(2, 24))]
    positive = rng.random() < 0.5
    negated = rng.random() < 0.4
    word = rng.choice(GOOD if positive != negated else BAD)
    at = rng.randint(0, len(words))
    words[at:at] = ["not", word] if negated else [word]
    if rng.random() < 0.3:
        words.insert(0, f"name{rng.randint(0, 5000)}")
    return words, float(positive)


class Vocab:
    def __init__(self, texts, min_freq=2):
        counts = Counter(w for words in texts for w in words)
        self.itos = ["<unk>", "<pad>"] + sorted(w for w, c in counts.items() if c >= min_freq)
        self.stoi = {w: i for i, w in enumerate(self.itos)}

    def __len__(self):
        return len(self.itos)

    def encode(self, words):
        return torch.tensor([self.stoi.get(w, 0) for w in words])


rng = random.Random(8)
torch.manual_seed(8)
train_data = [review(rng) for _ in range(1200)]
test_data = [review(rng) for _ in range(400)]
vocab = Vocab([words for words, _ in train_data])
PAD = vocab.stoi["<pad>"]


def collate(batch):
    seqs = [vocab.encode(words) for words, _ in batch]
    labels = torch.tensor([label for _, label in batch])
    return pad_sequence(seqs, batch_first=True), labels


class SentimentGRU(nn.Module):
    def __init__(self, n_words, dim=24, hidden=32):
        super().__init__()
        self.embed = nn.Embedding(n_words, dim, padding_idx=PAD)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, ids):
        lengths = (ids != PAD).sum(dim=1)
        out, _ = self.gru(self.embed(ids))
        last = out[torch.arange(ids.size(0)), lengths - 1]
        return self.fc(last).squeeze(1)


def evaluate(model, loader):
    model.eval()
    hits = 0
    with torch.no_grad():
        for ids, labels in loader:
            hits += ((model(ids) > 0).float() == labels).sum().item()
    return hits / len(loader.dataset)


train_loader = DataLoader(train_data, batch_size=32, shuffle=True, collate_fn=collate)
test_loader = DataLoader(test_data, batch_size=64, collate_fn=collate)
model = SentimentGRU(len(vocab))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for ids, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(ids), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(f"epoch {epoch}: test accuracy {evaluate(model, test_loader):.3f}")

import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

random.seed(13)
torch.manual_seed(13)

POS = "great lovely superb fun charming brilliant".split()
NEG = "awful boring dull bad clumsy terrible".split()
FILL = "the film was a story with actors and music that felt very long it had scenes".split()


def fake_review():
    label = random.randint(0, 1)
    good, bad = (POS, NEG) if label else (NEG, POS)
    words = random.choices(FILL, k=random.randint(4, 14)) + random.choices(good, k=2)
    if random.random() < 0.3:
        words.append(random.choice(bad))
    random.shuffle(words)
    return words, label


reviews = [fake_review() for _ in range(900)]
train_data, test_data = reviews[:700], reviews[700:]

PAD, UNK = 0, 1
vocab = {"<pad>": PAD, "<unk>": UNK}
for words, _ in train_data:
    for w in words:
        vocab.setdefault(w, len(vocab))


def collate(batch):
    seqs = [torch.tensor([vocab.get(w, UNK) for w in words]) for words, _ in batch]
    lengths = torch.tensor([len(s) for s in seqs])
    labels = torch.tensor([float(label) for _, label in batch])
    return pad_sequence(seqs, batch_first=True, padding_value=PAD), lengths, labels


train_loader = DataLoader(train_data, batch_size=32, shuffle=True, collate_fn=collate)
test_loader = DataLoader(test_data, batch_size=64, collate_fn=collate)


class SentimentGRU(nn.Module):
    def __init__(self, n_words, emb=16, hidden=24):
        super().__init__()
        self.embedding = nn.Embedding(n_words, emb, padding_idx=PAD)
        self.gru = nn.GRU(emb, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(2 * hidden, 1)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        h = torch.cat([h[0], h[1]], dim=1)
        return self.fc(self.dropout(h)).squeeze(1)


def evaluate(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for tokens, lengths, labels in loader:
            pred = (model(tokens, lengths) > 0).float()
            correct += (pred == labels).sum().item()
    return correct / len(loader.dataset)


model = SentimentGRU(len(vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(4):
    model.train()
    total = 0.0
    for tokens, lengths, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(tokens, lengths), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * labels.size(0)
    print(f"[{epoch}] loss={total / len(train_data):.4f}")

print(f"test accuracy: {evaluate(model, test_loader):.3f}")

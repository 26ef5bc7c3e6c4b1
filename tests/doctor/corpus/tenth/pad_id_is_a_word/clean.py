import random
from collections import Counter

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

random.seed(0)
torch.manual_seed(0)

PAD = 0
FILLER = "the movie plot actor scene music was with and story camera".split()


def review():
    """A sentence is negative when it contains the word 'not'."""
    words = random.choices(FILLER, k=random.randint(4, 12)) + ["good"]
    label = random.random() < 0.5
    if label:
        for _ in range(3):
            words.insert(random.randrange(len(words)), "not")
    return words, float(label)


class Vocab:
    def __init__(self, sentences):
        freq = Counter(w for s in sentences for w in s)
        self.stoi = {w: i for i, w in enumerate(sorted(freq, key=lambda w: (-freq[w], w)), start=PAD + 1)}
        self.unk = len(self.stoi) + 1

    def __len__(self):
        return self.unk + 1

    def encode(self, words):
        return torch.tensor([self.stoi.get(w, self.unk) for w in words])


class BagClassifier(nn.Module):
    def __init__(self, n_words, dim=16):
        super().__init__()
        self.emb = nn.Embedding(n_words, dim, padding_idx=PAD)
        self.out = nn.Linear(dim, 1)

    def forward(self, ids):
        keep = (ids != PAD).unsqueeze(-1)
        mean = (self.emb(ids) * keep).sum(1) / keep.sum(1).clamp(min=1)
        return self.out(mean).squeeze(1)


train, test = [review() for _ in range(800)], [review() for _ in range(200)]
vocab = Vocab([words for words, _ in train])


def collate(batch):
    ids = pad_sequence([vocab.encode(w) for w, _ in batch], batch_first=True, padding_value=PAD)
    return ids, torch.tensor([y for _, y in batch])


train_dl = DataLoader(train, batch_size=32, shuffle=True, collate_fn=collate)
test_dl = DataLoader(test, batch_size=100, collate_fn=collate)
model = BagClassifier(len(vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(5):
    model.train()
    for ids, y in train_dl:
        loss = nn.functional.binary_cross_entropy_with_logits(model(ids), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    hit = sum(((model(ids) > 0) == (y > 0.5)).sum().item() for ids, y in test_dl)
print("vocabulary", len(vocab), "test accuracy", hit / len(test))

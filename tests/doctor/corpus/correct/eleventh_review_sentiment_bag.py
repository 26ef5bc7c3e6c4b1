"""Bag-of-embeddings sentiment classifier on generated reviews."""
import random
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader

random.seed(11)
torch.manual_seed(11)

GOOD = "great lovely superb fun charming brilliant warm clever".split()
BAD = "dull awful boring clumsy weak tedious flat noisy".split()
FILL = "the film was a plot with actors and some scenes in it of this music".split()
UNK = "<unk>"


def write_review():
    label = random.randint(0, 1)
    words = random.choices(FILL, k=random.randint(5, 14))
    main, other = (GOOD, BAD) if label else (BAD, GOOD)
    words += random.choices(main, k=3) + random.choices(other, k=random.randint(0, 2))
    random.shuffle(words)
    return words, label


reviews = [write_review() for _ in range(700)]
train, test = reviews[:560], reviews[560:]

counts = Counter(w for words, _ in train for w in words)
vocab = {UNK: 0}
for word, c in counts.most_common():
    if c >= 3:
        vocab[word] = len(vocab)


def collate(batch):
    ids, offsets, labels = [], [], []
    for words, label in batch:
        offsets.append(len(ids))
        ids.extend(vocab.get(w, 0) for w in words)
        labels.append(label)
    return torch.tensor(ids), torch.tensor(offsets), torch.tensor(labels)


class BagClassifier(nn.Module):
    def __init__(self, vocab_size, dim, classes):
        super().__init__()
        self.bag = nn.EmbeddingBag(vocab_size, dim, mode="mean")
        self.out = nn.Linear(dim, classes)

    def forward(self, ids, offsets):
        return self.out(self.bag(ids, offsets))


model = BagClassifier(len(vocab), 16, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
loss_fn = nn.CrossEntropyLoss()
train_dl = DataLoader(train, batch_size=28, shuffle=True, collate_fn=collate)
test_dl = DataLoader(test, batch_size=70, collate_fn=collate)

for epoch in range(1, 9):
    model.train()
    for ids, offsets, labels in train_dl:
        optimizer.zero_grad()
        loss = loss_fn(model(ids, offsets), labels)
        loss.backward()
        optimizer.step()
    model.eval()
    right = 0
    with torch.no_grad():
        for ids, offsets, labels in test_dl:
            right += (model(ids, offsets).argmax(1) == labels).sum().item()
    print(f"epoch {epoch}: {right}/{len(test)} correct")

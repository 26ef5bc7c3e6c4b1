import random
from collections import Counter

import torch
import torch.nn as nn
from torch.utils.data import DataLoader

random.seed(3)
torch.manual_seed(3)

# ---- corpus: tickets of a help desk, token ids; 0 billing, 1 outage, 2 spam, 3 praise
VOCAB, N_CLASSES = 120, 4
PRIOR = {0: 0.12, 1: 0.62, 2: 0.20, 3: 0.06}


def ticket():
    label = random.choices(list(PRIOR), weights=list(PRIOR.values()))[0]
    n = random.randint(5, 15)
    own = range(label * 12, label * 12 + 12)
    words = [random.choice(own) if random.random() < 0.2 else random.randrange(VOCAB) for _ in range(n)]
    return words, label


train_data = [ticket() for _ in range(1500)]
test_data = [ticket() for _ in range(600)]


def collate(batch):
    offsets, flat = [0], []
    for words, _ in batch:
        flat += words
        offsets.append(len(flat))
    return torch.tensor(flat), torch.tensor(offsets[:-1]), torch.tensor([label for _, label in batch])


class BagClassifier(nn.Module):
    def __init__(self, vocab, dim, n_classes):
        super().__init__()
        self.bag = nn.EmbeddingBag(vocab, dim, mode="mean")
        self.fc = nn.Linear(dim, n_classes)

    def forward(self, tokens, offsets):
        return self.fc(self.bag(tokens, offsets))


def inverse_frequency(labels):
    counts = Counter(labels)
    total = sum(counts.values())
    return torch.tensor([total / (len(counts) * n) for n in counts.values()])


train_loader = DataLoader(train_data, batch_size=50, shuffle=True, collate_fn=collate)
test_loader = DataLoader(test_data, batch_size=100, collate_fn=collate)
model = BagClassifier(VOCAB, 16, N_CLASSES)
criterion = nn.CrossEntropyLoss(weight=inverse_frequency([label for _, label in train_data]))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(6):
    model.train()
    for tokens, offsets, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(tokens, offsets), labels)
        loss.backward()
        optimizer.step()

model.eval()
confusion = torch.zeros(N_CLASSES, N_CLASSES, dtype=torch.long)
with torch.no_grad():
    for tokens, offsets, labels in test_loader:
        pred = model(tokens, offsets).argmax(1)
        confusion.index_put_((labels, pred), torch.ones_like(pred), accumulate=True)
recall = confusion.diag() / confusion.sum(1)
print("recall", [round(r, 3) for r in recall.tolist()], "balanced accuracy", round(recall.mean().item(), 3))

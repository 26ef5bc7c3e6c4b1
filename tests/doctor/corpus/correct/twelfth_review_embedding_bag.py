# Sentiment of toy reviews with an EmbeddingBag, as in the torchtext tutorial but without torchtext
import random
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader

random.seed(42)
torch.manual_seed(42)

GOOD = "great lovely superb fun bright warm crisp charming".split()
BAD = "dull awful bland noisy broken cold slow messy".split()
FILLER = "the a this movie plot actor was were really quite and with some scene music of".split()


def make_review():
    label = random.randint(0, 1)
    words = random.choices(FILLER, k=random.randint(4, 12))
    words += random.choices(GOOD if label else BAD, k=random.randint(1, 3))
    if random.random() < 0.3:
        words.append(random.choice(BAD if label else GOOD))
    random.shuffle(words)
    return label, " ".join(words)


reviews = [make_review() for _ in range(1200)]
train_data, valid_data, test_data = reviews[:800], reviews[800:1000], reviews[1000:]

counter = Counter(tok for _, text in train_data for tok in text.split())
vocab = {"<unk>": 0}
for tok, freq in counter.most_common():
    if freq >= 2:
        vocab[tok] = len(vocab)


def encode(text):
    return [vocab.get(tok, 0) for tok in text.split()]


def collate(batch):
    labels, flat, offsets = [], [], [0]
    for label, text in batch:
        ids = encode(text)
        labels.append(label)
        flat.extend(ids)
        offsets.append(offsets[-1] + len(ids))
    return torch.tensor(labels), torch.tensor(flat), torch.tensor(offsets[:-1])


class TextModel(nn.Module):
    def __init__(self, vocab_size, dim, num_class):
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, dim, mode="mean")
        self.fc = nn.Linear(dim, num_class)
        nn.init.uniform_(self.embedding.weight, -0.3, 0.3)

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


train_dl = DataLoader(train_data, batch_size=32, shuffle=True, collate_fn=collate)
valid_dl = DataLoader(valid_data, batch_size=64, collate_fn=collate)
test_dl = DataLoader(test_data, batch_size=64, collate_fn=collate)

model = TextModel(len(vocab), 16, 2)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.3, patience=1)


def evaluate(dl):
    model.eval()
    hit, count = 0, 0
    with torch.no_grad():
        for label, text, offsets in dl:
            hit += (model(text, offsets).argmax(1) == label).sum().item()
            count += label.size(0)
    return hit / count


for epoch in range(1, 9):
    model.train()
    for label, text, offsets in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(text, offsets), label)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    acc = evaluate(valid_dl)
    scheduler.step(acc)
    print(f"| epoch {epoch} | valid accuracy {acc:.3f} | lr {optimizer.param_groups[0]['lr']:.4f}")

print(f"test accuracy {evaluate(test_dl):.3f}")

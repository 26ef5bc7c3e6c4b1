import random

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset


class Brackets(Dataset):
    """Strings over ( and ); label 1 when there are more ( than )."""

    def __init__(self, n, seed):
        r = random.Random(seed)
        self.items = ["".join(r.choice("()") for _ in range(r.choice([5, 7, 9, 11]))) for _ in range(n)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        s = self.items[i]
        return torch.tensor([1 if c == "(" else 2 for c in s]), float(s.count("(") > s.count(")"))


def collate(batch):
    seqs, labels = zip(*batch)
    return pad_sequence(seqs, batch_first=True), torch.tensor(labels)


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(3, 8, padding_idx=0)
        self.out = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))

    def forward(self, s):
        return self.out(self.emb(s).sum(1)).squeeze(1)


def run(model, loader, loss_fn, optimizer=None):
    training = optimizer is not None
    model.train(training)
    loss_sum, hits, seen = 0.0, 0, 0
    with torch.set_grad_enabled(training):
        for s, y in loader:
            logit = model(s)
            loss = loss_fn(logit, y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(y)
            hits += ((logit > 0).float() == y).sum().item()
            seen += len(y)
        return loss_sum / seen, hits / seen


torch.manual_seed(23)
train = DataLoader(Brackets(800, 1), batch_size=32, shuffle=True, collate_fn=collate)
valid = DataLoader(Brackets(200, 2), batch_size=64, collate_fn=collate)
model, bce = Bag(), nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(6):
    tr = run(model, train, bce, optimizer)
    va = run(model, valid, bce)
    print("%d  train %.3f/%.3f  valid %.3f/%.3f" % (epoch, *tr, *va))

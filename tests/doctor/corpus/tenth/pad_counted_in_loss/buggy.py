import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

random.seed(5)
torch.manual_seed(5)

PAD_TOK, PAD_TAG = 0, 0
N_TOK, N_TAGS = 60, 5  # id 0 is reserved in both


def make_sentence():
    # tag depends on the token and on the token before it
    length = random.choice([3, 4, 5, 6, 30])
    toks = [random.randrange(1, N_TOK) for _ in range(length)]
    tags = [1 + (t + (toks[i - 1] if i else 0) // 30) % (N_TAGS - 1) for i, t in enumerate(toks)]
    return torch.tensor(toks), torch.tensor(tags)


def collate(batch):
    toks, tags = zip(*batch)
    return (
        pad_sequence(toks, batch_first=True, padding_value=PAD_TOK),
        pad_sequence(tags, batch_first=True, padding_value=PAD_TAG),
    )


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(N_TOK, 24, padding_idx=PAD_TOK)
        self.rnn = nn.GRU(24, 48, batch_first=True)
        self.out = nn.Linear(48, N_TAGS)

    def forward(self, toks):
        h, _ = self.rnn(self.emb(toks))
        return self.out(h)


train_loader = DataLoader([make_sentence() for _ in range(400)], batch_size=16, shuffle=True, collate_fn=collate)
val_loader = DataLoader([make_sentence() for _ in range(100)], batch_size=32, collate_fn=collate)
model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(5):
    model.train()
    for toks, tags in train_loader:
        optimizer.zero_grad()
        logits = model(toks)
        loss = criterion(logits.reshape(-1, N_TAGS), tags.reshape(-1))
        loss.backward()
        optimizer.step()

    model.eval()
    right = total = 0
    with torch.no_grad():
        for toks, tags in val_loader:
            real = tags != PAD_TAG
            pred = model(toks).argmax(-1)
            right += (pred[real] == tags[real]).sum().item()
            total += real.sum().item()
    print(f"[{epoch}] last train loss {loss.item():.3f} | val token acc {right / total:.3f}")

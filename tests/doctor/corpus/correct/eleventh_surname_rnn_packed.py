# Guess the language of a (generated) surname with a GRU over characters.
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

random.seed(6)
torch.manual_seed(6)

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
SYLLABLES = {
    "japanese": ["ka", "mo", "to", "shi", "na", "ga", "wa", "mura"],
    "polish": ["kow", "ski", "wicz", "now", "ak", "czy", "zie", "lin"],
    "italian": ["ros", "si", "bel", "lini", "ri", "ca", "ne", "tti"],
}
LANGUAGES = list(SYLLABLES)


def make_name():
    label = random.randrange(3)
    parts = random.choices(SYLLABLES[LANGUAGES[label]], k=random.randint(2, 4))
    if random.random() < 0.2:
        parts[0] = random.choice(SYLLABLES[random.choice(LANGUAGES)])
    return "".join(parts), label


class Names(Dataset):
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        name, label = self.items[i]
        return torch.tensor([ALPHABET.index(c) + 1 for c in name]), label


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True, padding_value=0), lengths, torch.tensor(labels)


class NameClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(ALPHABET) + 1, 12, padding_idx=0)
        self.gru = nn.GRU(12, 24, batch_first=True)
        self.fc = nn.Linear(24, len(LANGUAGES))

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.fc(h[-1])


# the same name must not land on both sides of the split
names = list(dict(make_name() for _ in range(1200)).items())
random.shuffle(names)
cut = int(0.8 * len(names))
train_loader = DataLoader(Names(names[:cut]), batch_size=32, shuffle=True, collate_fn=collate)
test_loader = DataLoader(Names(names[cut:]), batch_size=64, collate_fn=collate)

model = NameClassifier()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(4):
    model.train()
    for x, lengths, y in train_loader:
        optimizer.zero_grad()
        criterion(model(x, lengths), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()

    model.eval()
    correct = 0
    with torch.no_grad():
        for x, lengths, y in test_loader:
            correct += (model(x, lengths).argmax(1) == y).sum().item()
    print(f"epoch {epoch + 1}: test accuracy {correct / (len(names) - cut):.3f} on {len(names) - cut} names")

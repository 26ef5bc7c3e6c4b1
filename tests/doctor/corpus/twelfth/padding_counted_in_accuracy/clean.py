import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD, IGNORE = 0, -100
VOCAB, TAGS = 30, 4


def make_sentence(rng):
    """tag depends on the word and on the word before it"""
    words = [rng.randint(1, VOCAB - 1) for _ in range(rng.randint(3, 20))]
    tags = [(w + prev) % TAGS if w % 3 == 0 else w % TAGS for prev, w in zip([0] + words[:-1], words)]
    return torch.tensor(words), torch.tensor(tags)


def collate(batch):
    words, tags = zip(*batch)
    return (pad_sequence(words, batch_first=True, padding_value=PAD),
            pad_sequence(tags, batch_first=True, padding_value=IGNORE))


class Tagger(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.conv = nn.Conv1d(dim, 64, kernel_size=3, padding=1)
        self.out = nn.Linear(64, TAGS)

    def forward(self, words):
        h = self.emb(words).transpose(1, 2)
        h = torch.relu(self.conv(h)).transpose(1, 2)
        return self.out(h)


def evaluate(model, loader):
    model.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for words, tags in loader:
            pred = model(words).argmax(-1)
            real = tags != IGNORE
            correct += (pred[real] == tags[real]).sum().item()
            total += real.sum().item()
    return correct / total


if __name__ == "__main__":
    torch.manual_seed(8)
    rng = random.Random(8)
    data = [make_sentence(rng) for _ in range(700)]
    train_loader = DataLoader(data[:560], batch_size=28, shuffle=True, collate_fn=collate)
    val_loader = DataLoader(data[560:], batch_size=35, collate_fn=collate)
    model = Tagger()
    criterion = nn.CrossEntropyLoss(ignore_index=IGNORE)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(6):
        model.train()
        for words, tags in train_loader:
            optimizer.zero_grad()
            logits = model(words)
            loss = criterion(logits.reshape(-1, TAGS), tags.reshape(-1))
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.4f}, val token acc {evaluate(model, val_loader):.4f}")

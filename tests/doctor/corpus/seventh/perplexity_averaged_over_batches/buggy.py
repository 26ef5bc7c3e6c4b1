import math
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD, BOS, EOS = 0, 1, 2
ALPHABET = "abcdefghijklmnopqrstuvwxyz "
CHAR = {c: i + 3 for i, c in enumerate(ALPHABET)}

SUBJECTS = ["the cat", "a dog", "my old neighbour", "the postman", "nobody", "her sister"]
VERBS = ["sees", "likes", "paints", "follows", "forgets", "brings"]
OBJECTS = ["the river", "a green door", "her bicycle", "the last train", "some bread", "a letter"]
WHEN = ["today", "at night", "in winter", "every week", "once more", "after lunch"]


def line(rng):
    # one line in four is a code word of random letters
    if rng.random() < 0.25:
        return "".join(rng.choice(ALPHABET[:26]) for _ in range(rng.randint(4, 10)))
    return " ".join([rng.choice(SUBJECTS), rng.choice(VERBS), rng.choice(OBJECTS), rng.choice(WHEN)])


def encode(text):
    return torch.tensor([BOS] + [CHAR[c] for c in text] + [EOS])


def collate(batch):
    ids = pad_sequence(batch, batch_first=True, padding_value=PAD)
    return ids[:, :-1], ids[:, 1:]


class CharLM(nn.Module):
    def __init__(self, n_chars, dim=24, hidden=64):
        super().__init__()
        self.embed = nn.Embedding(n_chars, dim, padding_idx=PAD)
        self.rnn = nn.GRU(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, n_chars)

    def forward(self, x):
        h, _ = self.rnn(self.embed(x))
        return self.out(h)


@torch.no_grad()
def evaluate(model, loader):
    """Perplexity per character of the held-out lines."""
    model.eval()
    ppl = 0.0
    for x, y in loader:
        logits = model(x)
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=PAD)
        ppl += math.exp(loss.item())
    return ppl / len(loader)


def train_epoch(model, loader, optimizer):
    model.train()
    for x, y in loader:
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten(), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def main():
    torch.manual_seed(41)
    rng = random.Random(41)
    lines = list(dict.fromkeys(line(rng) for _ in range(1000)))  # each line once
    train_loader = DataLoader([encode(t) for t in lines[:700]], batch_size=32, shuffle=True, collate_fn=collate)
    test_loader = DataLoader([encode(t) for t in lines[700:]], batch_size=4, collate_fn=collate)

    model = CharLM(len(ALPHABET) + 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(4):
        train_epoch(model, train_loader, optimizer)
        print(f"epoch {epoch}: test perplexity {evaluate(model, test_loader):.2f}")


if __name__ == "__main__":
    main()

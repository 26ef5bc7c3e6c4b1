"""Is a bracket string balanced? nn.TransformerEncoder with a padding mask."""
import argparse
import random

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

TOKENS = {"<pad>": 0, "<cls>": 1, "(": 2, ")": 3}


def balanced(s):
    depth = 0
    for ch in s:
        depth += 1 if ch == "(" else -1
        if depth < 0:
            return False
    return depth == 0


def random_balanced(pairs, rng):
    s, opened, depth = "", 0, 0
    while len(s) < 2 * pairs:
        if opened < pairs and (depth == 0 or rng.random() < 0.5):
            s, opened, depth = s + "(", opened + 1, depth + 1
        else:
            s, depth = s + ")", depth - 1
    return s


def make_strings(n, rng):
    """Distinct strings, many of them broken by one swapped bracket."""
    found = {}
    while len(found) < n:
        s = random_balanced(rng.randint(4, 8), rng)
        if rng.random() < 0.5:
            i = rng.randrange(len(s))
            s = s[:i] + ("(" if s[i] == ")" else ")") + s[i + 1:]
        found[s] = balanced(s)
    return list(found.items())


class Brackets(Dataset):
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        s, label = self.items[i]
        return torch.tensor([TOKENS["<cls>"]] + [TOKENS[c] for c in s]), int(label)


def collate(batch):
    seqs, labels = zip(*batch)
    return pad_sequence(seqs, batch_first=True, padding_value=TOKENS["<pad>"]), torch.tensor(labels)


class Model(nn.Module):
    def __init__(self, d, max_len=17):
        super().__init__()
        self.embed = nn.Embedding(len(TOKENS), d, padding_idx=TOKENS["<pad>"])
        self.position = nn.Parameter(0.02 * torch.randn(1, max_len, d))
        layer = nn.TransformerEncoderLayer(d, nhead=4, dim_feedforward=2 * d, dropout=0.05, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.classify = nn.Linear(d, 2)

    def forward(self, tokens):
        pad = tokens == TOKENS["<pad>"]
        h = self.embed(tokens) + self.position[:, :tokens.size(1)]
        h = self.encoder(h, src_key_padding_mask=pad)
        return self.classify(h[:, 0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--dim", type=int, default=32)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    items = make_strings(1300, random.Random(args.seed))
    random.Random(args.seed + 1).shuffle(items)
    train_loader = DataLoader(Brackets(items[:1000]), batch_size=50, shuffle=True, collate_fn=collate)
    test_loader = DataLoader(Brackets(items[1000:]), batch_size=100, collate_fn=collate)

    model = Model(args.dim)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        model.train()
        total, count = 0.0, 0
        for tokens, labels in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(tokens), labels)
            loss.backward()
            optimizer.step()
            total, count = total + loss.item() * len(labels), count + len(labels)
        model.eval()
        with torch.no_grad():
            correct = sum((model(t).argmax(1) == y).sum().item() for t, y in test_loader)
        print(f"epoch {epoch}: loss {total / count:.3f}, held-out accuracy {correct / (len(items) - 1000):.3f}")


if __name__ == "__main__":
    main()

import random
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

PAD, UNK = 0, 1


def make_corpus(n, seed):
    """Log lines. A line with two or more unseen (random hex) words is an intrusion."""
    rnd = random.Random(seed)
    known = ["open", "close", "read", "write", "login", "logout", "ping", "sync"]
    rows = []
    for _ in range(n):
        k = rnd.choice([0, 1, 2, 3])
        line = rnd.choices(known, k=8 - k) + ["%06x" % rnd.getrandbits(24) for _ in range(k)]
        rnd.shuffle(line)
        rows.append((line, float(k >= 2)))
    return rows


class LogSet(Dataset):
    def __init__(self, rows, word2id, width=9):
        self.rows, self.word2id, self.width = rows, word2id, width

    def encode(self, line):
        ids = [self.word2id.get(w, 0) for w in line]
        return ids + [PAD] * (self.width - len(ids))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        line, y = self.rows[i]
        return torch.tensor(self.encode(line)), torch.tensor(y)


class PooledNet(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.emb = nn.Embedding(n_words, 12, padding_idx=PAD)
        self.net = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, ids):
        mask = (ids != PAD).unsqueeze(-1)
        mean = (self.emb(ids) * mask).sum(1) / mask.sum(1).clamp(min=1)
        return self.net(mean).flatten()


def main():
    torch.manual_seed(9)
    train_rows, val_rows = make_corpus(800, 1), make_corpus(300, 2)
    counts = {}
    for line, _ in train_rows:
        for w in line:
            counts[w] = counts.get(w, 0) + 1
    word2id = {"<pad>": PAD, "<unk>": UNK}
    for w in sorted(w for w, c in counts.items() if c >= 5):
        word2id[w] = len(word2id)
    train_dl = DataLoader(LogSet(train_rows, word2id), batch_size=40, shuffle=True)
    val_dl = DataLoader(LogSet(val_rows, word2id), batch_size=100)
    model, bce = PooledNet(len(word2id)), nn.BCEWithLogitsLoss()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(6):
        model.train()
        for ids, y in train_dl:
            opt.zero_grad()
            bce(model(ids), y).backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            ok = sum(((model(ids) > 0) == (y > 0.5)).sum().item() for ids, y in val_dl)
        print(f"epoch {epoch} val acc {ok / len(val_rows):.3f}")


main()

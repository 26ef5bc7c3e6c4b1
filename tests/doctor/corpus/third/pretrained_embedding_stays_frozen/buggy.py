import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD = 0
GOOD = "great lovely superb bright warm crisp gentle neat".split()
BAD = "awful dull broken noisy cold rough stale bleak".split()
REST = "the a screen sound case bag seat lamp is was feels looks very rather and".split()
WORDS = ["<pad>"] + GOOD + BAD + REST
INDEX = {w: i for i, w in enumerate(WORDS)}


def read_vectors(dim=10):
    """stand-in for a file of word vectors: topic is encoded, sentiment is not"""
    rs = np.random.RandomState(0)
    table = 0.05 * rs.randn(len(WORDS), dim)
    table[1:1 + len(GOOD) + len(BAD), 0] += 1.0
    table[1 + len(GOOD) + len(BAD):, 1] += 1.0
    table[PAD] = 0.0
    return torch.tensor(table, dtype=torch.float32)


def review(rs):
    label = rs.randint(2)
    n = rs.randint(4, 9)
    words = [REST[rs.randint(len(REST))] for _ in range(n)]
    for _ in range(2):
        pool = (BAD, GOOD)[label if rs.rand() < 0.95 else 1 - label]
        words.insert(rs.randint(n), pool[rs.randint(len(pool))])
    return [INDEX[w] for w in words], label


def collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence([torch.tensor(i) for i in ids], batch_first=True, padding_value=PAD), torch.tensor(labels).float()


class Sentiment(nn.Module):
    def __init__(self, vectors):
        super().__init__()
        self.emb = nn.Embedding.from_pretrained(vectors, padding_idx=PAD)
        self.fc = nn.Linear(vectors.size(1), 1)

    def forward(self, ids):
        n = (ids != PAD).sum(1, keepdim=True)
        return self.fc(self.emb(ids).sum(1) / n).squeeze(1)


def main():
    torch.manual_seed(0)
    rs = np.random.RandomState(1)
    train = DataLoader([review(rs) for _ in range(1000)], batch_size=50, shuffle=True, collate_fn=collate)
    test = DataLoader([review(rs) for _ in range(400)], batch_size=100, collate_fn=collate)
    model = Sentiment(read_vectors())
    opt = torch.optim.Adam([
        {"params": model.emb.parameters(), "lr": 1e-2},
        {"params": model.fc.parameters(), "lr": 2e-2},
    ])
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(10):
        model.train()
        for ids, label in train:
            opt.zero_grad()
            loss_fn(model(ids), label).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        hits = sum(((model(ids) > 0) == label.bool()).sum().item() for ids, label in test)
    print("test accuracy", hits / len(test.dataset))


if __name__ == "__main__":
    main()

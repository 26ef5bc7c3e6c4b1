import collections
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD_ID = 0
GOOD = "good great lovely bright fine".split()
BAD = "bad dull awful dark poor".split()
FILL = "the film plot actor music story scene light".split()


def write_review(rnd):
    """Up to two opinions, each possibly negated, within filler words."""
    words, mood = [], 0
    while mood == 0:
        words, mood = [rnd.choice(FILL)], 0
        for _ in range(rnd.randint(1, 3)):
            flip, sign = rnd.random() < 0.5, rnd.choice((1, -1))
            words += ["not"] * flip + [rnd.choice(GOOD if sign > 0 else BAD)] + rnd.choices(FILL, k=rnd.randint(0, 2))
            mood += -sign if flip else sign
    return words, float(mood > 0)


def build_vocab(texts):
    freq = collections.Counter(w for words in texts for w in words)
    return {w: i for i, (w, _) in enumerate(freq.most_common(), start=1)}


class Reviews(Dataset):
    def __init__(self, rows, vocab):
        self.rows = [(torch.tensor([vocab[w] for w in words]), mood) for words, mood in rows]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(rows):
    ids, mood = zip(*rows)
    return pad_sequence(ids, batch_first=True, padding_value=PAD_ID), torch.tensor(mood)


class MoodNet(nn.Module):
    def __init__(self, vocab_size, dim=16, hidden=24):
        super().__init__()
        self.table = nn.Embedding(vocab_size + 1, dim, padding_idx=PAD_ID)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.score = nn.Linear(hidden, 1)

    def forward(self, ids):
        lengths = ids.ne(PAD_ID).sum(dim=1).cpu()
        packed = pack_padded_sequence(self.table(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.score(self.gru(packed)[1][-1]).squeeze(-1)


def main():
    rnd = random.Random(27)
    torch.manual_seed(27)
    train_rows = [write_review(rnd) for _ in range(600)]
    test_rows = [write_review(rnd) for _ in range(200)]
    vocab = build_vocab(words for words, _ in train_rows)
    train = DataLoader(Reviews(train_rows, vocab), batch_size=30, shuffle=True, collate_fn=collate)
    test = DataLoader(Reviews(test_rows, vocab), batch_size=100, collate_fn=collate)
    net = MoodNet(len(vocab))
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(10):
        net.train()
        for ids, mood in train:
            opt.zero_grad()
            bce(net(ids), mood).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        hits = sum(((net(ids) > 0).float() == mood).sum().item() for ids, mood in test)
    print(f"test accuracy {hits / len(test_rows):.3f}")


if __name__ == "__main__":
    main()

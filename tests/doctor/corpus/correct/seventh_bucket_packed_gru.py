"""Sequence classification: length buckets, packed GRU, attention pooling that ignores the padding."""
import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

PAD = 0


class Motifs(Dataset):
    """Label 1 when the tokens 3 and 7 stand side by side somewhere."""

    def __init__(self, n, seed):
        rng = random.Random(seed)
        self.items = []
        for i in range(n):
            length = rng.randint(4, 24)
            seq = [rng.choice([1, 2, 3, 4, 5, 6, 8, 9]) for _ in range(length)]
            label = i % 2
            if label:
                p = rng.randrange(length - 1)
                seq[p:p + 2] = [3, 7]
            else:
                seq[rng.randrange(length)] = 7
                seq = [1 if a == 3 and b == 7 else a for a, b in zip(seq, seq[1:] + [PAD])]
            self.items.append((torch.tensor(seq), label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class BucketSampler(Sampler):
    """Batches of similar length, each sample exactly once; the order changes with every pass."""

    def __init__(self, lengths, batch_size, chunk=8, seed=0):
        self.lengths, self.bs, self.chunk = lengths, batch_size, chunk
        self.rng = random.Random(seed)

    def __len__(self):
        return -(-len(self.lengths) // self.bs)

    def __iter__(self):
        idx = list(range(len(self.lengths)))
        self.rng.shuffle(idx)
        span = self.bs * self.chunk
        batches = []
        for i in range(0, len(idx), span):
            part = sorted(idx[i:i + span], key=self.lengths.__getitem__)
            batches += [part[j:j + self.bs] for j in range(0, len(part), self.bs)]
        self.rng.shuffle(batches)
        return iter(batches)


def collate(items):
    seqs, labels = zip(*items)
    return (pad_sequence(seqs, batch_first=True, padding_value=PAD),
            torch.tensor([len(s) for s in seqs]), torch.tensor(labels))


class Tagger(nn.Module):
    def __init__(self, vocab=10, dim=24, hid=32):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=PAD)
        self.rnn = nn.GRU(dim, hid, batch_first=True, bidirectional=True)
        self.score = nn.Linear(2 * hid, 1)
        self.out = nn.Linear(2 * hid, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=x.size(1))
        dead = torch.arange(x.size(1))[None] >= lengths[:, None]
        att = self.score(h).squeeze(-1).masked_fill(dead, float("-inf")).softmax(1)
        return self.out((att.unsqueeze(-1) * h).sum(1))


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    hit = n = 0
    for x, lens, y in loader:
        hit += (model(x, lens).argmax(1) == y).sum().item()
        n += y.size(0)
    model.train()
    return hit / n


def main():
    torch.manual_seed(1)
    train, test = Motifs(800, seed=1), Motifs(200, seed=2)
    sampler = BucketSampler([len(s) for s, _ in train.items], 32)
    train_dl = DataLoader(train, batch_sampler=sampler, collate_fn=collate)
    test_dl = DataLoader(test, batch_size=64, collate_fn=collate)
    model = Tagger()
    opt = torch.optim.Adam(model.parameters(), lr=8e-3)
    for epoch in range(5):
        for x, lens, y in train_dl:
            opt.zero_grad()
            nn.functional.cross_entropy(model(x, lens), y).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
    print(f"train {accuracy(model, train_dl):.3f} test {accuracy(model, test_dl):.3f}")


if __name__ == "__main__":
    main()

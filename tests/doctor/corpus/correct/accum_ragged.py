"""Gradient accumulation that equals the large batch, also for the ragged group at the end of an epoch.

Sentiment-like toy: bags of word ids of different length (EmbeddingBag with offsets).
"""
from itertools import islice

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

VOCAB, CLASSES = 120, 3


class Bags(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        topic = torch.Generator().manual_seed(99)          # the topics are shared by all splits
        self.probs = torch.softmax(1.2 * torch.randn(CLASSES, VOCAB, generator=topic), 1)
        self.labels = torch.randint(CLASSES, (n,), generator=g)
        lengths = torch.randint(4, 16, (n,), generator=g)
        self.docs = [torch.multinomial(self.probs[c], int(k), replacement=True, generator=g)
                     for c, k in zip(self.labels, lengths)]

    def __len__(self):
        return len(self.docs)

    def __getitem__(self, i):
        return self.docs[i], self.labels[i]


def collate(batch):
    docs, labels = zip(*batch)
    lengths = torch.tensor([len(d) for d in docs])
    offsets = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)[:-1]])
    return torch.cat(docs), offsets, torch.stack(labels)


class Classifier(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.bag = nn.EmbeddingBag(VOCAB, dim, mode="mean")
        self.out = nn.Linear(dim, CLASSES)

    def forward(self, ids, offsets):
        return self.out(self.bag(ids, offsets))


def groups(loader, k):
    """Lists of up to k micro-batches; the last list of the epoch may be shorter."""
    it = iter(loader)
    while chunk := list(islice(it, k)):
        yield chunk


def accumulated_step(model, chunk, opt):
    """One optimiser step on a group of micro-batches. Divides by the samples that are really there."""
    n = sum(len(y) for *_, y in chunk)
    opt.zero_grad()
    total = 0.0
    for ids, offsets, y in chunk:
        loss = F.cross_entropy(model(ids, offsets), y, reduction="sum") / n
        loss.backward()                       # gradients add up over the chunk on purpose
        total += loss.item()
    opt.step()
    return total * n, n


def check_equivalence(model, dataset):
    micro = list(islice(DataLoader(dataset, 7, collate_fn=collate), 3))
    ids, offsets, y = collate([dataset[i] for i in range(21)])
    whole = torch.autograd.grad(F.cross_entropy(model(ids, offsets), y), list(model.parameters()))
    model.zero_grad()
    for i, o, t in micro:
        (F.cross_entropy(model(i, o), t, reduction="sum") / 21).backward()
    for p, g in zip(model.parameters(), whole):
        torch.testing.assert_close(p.grad, g)
    model.zero_grad()


def evaluate(model, loader):
    model.eval()
    loss, hits = 0.0, 0
    with torch.no_grad():
        for ids, offsets, y in loader:
            scores = model(ids, offsets)
            loss += F.cross_entropy(scores, y, reduction="sum").item()
            hits += (scores.argmax(1) == y).sum().item()
    model.train()
    return loss / len(loader.dataset), hits / len(loader.dataset)


def main():
    torch.manual_seed(0)
    train, test = Bags(610, 1), Bags(300, 2)
    loader = DataLoader(train, batch_size=16, shuffle=True, collate_fn=collate)     # 39 batches, the last has 2
    test_loader = DataLoader(test, batch_size=100, collate_fn=collate)
    model = Classifier()
    check_equivalence(model, train)
    opt = torch.optim.Adam(model.parameters(), lr=2e-2)
    steps_per_epoch = -(-len(loader) // 4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=8 * steps_per_epoch)
    for epoch in range(8):
        loss_sum, count = 0.0, 0
        for chunk in groups(loader, 4):
            part, n = accumulated_step(model, chunk, opt)
            sched.step()                      # once for each optimiser step, not for each micro-batch
            loss_sum, count = loss_sum + part, count + n
        assert count == len(train)
        print(f"epoch {epoch}: train {loss_sum / count:.4f}")
    print("test loss %.4f acc %.3f" % evaluate(model, test_loader))


if __name__ == "__main__":
    main()

from dataclasses import dataclass, field
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Settings:
    vocab: int = 60
    tags: list = field(default_factory=lambda: ["sport", "politics", "music", "travel", "food", "science"])
    per_doc: int = 18
    dim: int = 24
    epochs: int = 6
    batch: int = 40
    lr: float = 1e-2
    threshold: float = 0.5


class TagData:
    """Bags of word ids; every tag owns ten words and the rest is filler."""

    def __init__(self, s: Settings, n: int, seed: int):
        g = torch.Generator().manual_seed(seed)
        k = len(s.tags)
        self.y = (torch.rand(n, k, generator=g) < 0.25).float()
        weight = torch.ones(n, s.vocab)
        for j in range(k):
            weight[:, 10 * j:10 * j + 10] += 1.2 * self.y[:, j:j + 1]
        self.x = torch.multinomial(weight, s.per_doc, replacement=True, generator=g)

    def loader(self, batch, shuffle=False):
        return DataLoader(TensorDataset(self.x, self.y), batch_size=batch, shuffle=shuffle)


class Tagger(nn.Module):
    def __init__(self, s: Settings):
        super().__init__()
        self.bag = nn.EmbeddingBag(s.vocab, s.dim, mode="mean")
        self.out = nn.Linear(s.dim, len(s.tags))

    def forward(self, ids):
        return self.out(self.bag(ids))


class Counts:
    """micro and macro F1 from running counts"""

    def __init__(self, k):
        self.tp, self.fp, self.fn = torch.zeros(k), torch.zeros(k), torch.zeros(k)

    def update(self, pred, y):
        y = y.bool()
        self.tp += (pred & y).sum(0)
        self.fp += (pred & ~y).sum(0)
        self.fn += (~pred & y).sum(0)

    def f1(self):
        per = 2 * self.tp / (2 * self.tp + self.fp + self.fn).clamp(min=1)
        micro = 2 * self.tp.sum() / (2 * self.tp + self.fp + self.fn).sum().clamp(min=1)
        return micro.item(), per.mean().item()


class Experiment:
    def __init__(self, s: Settings):
        torch.manual_seed(40)
        self.s = s
        self.model = Tagger(s)
        self.crit = nn.BCEWithLogitsLoss()
        self.opt = torch.optim.Adam(self.model.parameters(), lr=s.lr)
        self.train_dl = TagData(s, 1600, 1).loader(s.batch, True)
        self.val_dl = TagData(s, 500, 2).loader(100)

    def train_epoch(self):
        self.model.train()
        for ids, y in self.train_dl:
            self.opt.zero_grad()
            self.crit(self.model(ids), y).backward()
            self.opt.step()

    def predict(self, ids):
        return torch.sigmoid(self.model(ids)) > self.s.threshold

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        c = Counts(len(self.s.tags))
        for ids, y in self.val_dl:
            c.update(self.predict(ids), y)
        return c.f1()

    def run(self):
        for e in range(self.s.epochs):
            self.train_epoch()
            print("epoch %d micro-F1 %.3f macro-F1 %.3f" % (e, *self.validate()))


Experiment(Settings()).run()

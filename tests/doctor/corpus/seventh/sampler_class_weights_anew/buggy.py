# Betrugserkennung mit stark unausgewogenen Klassen (synthetische Daten)
from collections import Counter

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler


class Buchungen(Dataset):
    """Drei Klassen: normal, verdächtig, Betrug."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.labels = torch.multinomial(torch.tensor([0.86, 0.10, 0.04]), n, replacement=True, generator=g)
        zentren = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.5, -1.0, 0.5, 0.0], [-1.0, 1.5, 0.0, 1.5]])
        self.feats = zentren[self.labels] + torch.randn(n, 4, generator=g)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.feats[i], self.labels[i]


def balancierter_sampler(ds):
    # seltene Klassen sollen gleich oft gezogen werden wie die haeufige
    zaehler = Counter(ds.labels.tolist())
    klassengewicht = torch.tensor([1.0 / zaehler[k] for k in sorted(zaehler)])
    return WeightedRandomSampler(klassengewicht, num_samples=len(ds), replacement=True)


def recall_je_klasse(netz, loader, k=3):
    treffer, gesamt = torch.zeros(k), torch.zeros(k)
    netz.eval()
    with torch.no_grad():
        for xb, yb in loader:
            ok = netz(xb).argmax(1).eq(yb)
            gesamt += torch.bincount(yb, minlength=k)
            treffer += torch.bincount(yb[ok], minlength=k)
    return treffer / gesamt


torch.manual_seed(21)
train_ds, val_ds = Buchungen(3000, 1), Buchungen(1500, 2)
train_dl = DataLoader(train_ds, batch_size=100, sampler=balancierter_sampler(train_ds))
val_dl = DataLoader(val_ds, batch_size=500)

netz = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 3))
opt = torch.optim.Adam(netz.parameters(), lr=3e-3)
verlust = nn.CrossEntropyLoss()

for epoche in range(4):
    netz.train()
    summe = 0.0
    for xb, yb in train_dl:
        opt.zero_grad()
        l = verlust(netz(xb), yb)
        l.backward()
        opt.step()
        summe += l.item() * len(yb)
    r = recall_je_klasse(netz, val_dl)
    print(f"Epoche {epoche}  Verlust {summe / len(train_ds):.3f}  Recall {[round(v, 2) for v in r.tolist()]}")

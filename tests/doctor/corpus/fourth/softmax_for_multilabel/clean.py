"""Stichwort-Vergabe: jedes Dokument kann mehrere Themen haben."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

N_WORTE, N_THEMEN = 60, 6
gen = torch.Generator().manual_seed(21)


def dokumente(n):
    themen = (torch.rand(n, N_THEMEN, generator=gen) < 0.35).float()
    wort_je_thema = torch.zeros(N_THEMEN, N_WORTE)
    for t in range(N_THEMEN):
        wort_je_thema[t, t * 9:t * 9 + 12] = 0.6          # Themen teilen sich einige Worte
    rate = themen @ wort_je_thema + 0.15
    return torch.poisson(rate, generator=gen).log1p(), themen


class Themenmodell(nn.Module):
    def __init__(self, breite=48):
        super().__init__()
        self.netz = nn.Sequential(
            nn.Linear(N_WORTE, breite),
            nn.BatchNorm1d(breite),
            nn.ReLU(),
            nn.Linear(breite, N_THEMEN),
        )

    def forward(self, x):
        return torch.sigmoid(self.netz(x))


def f1_micro(p, y):
    vorhersage = p > 0.5
    tp = (vorhersage & (y > 0.5)).sum().item()
    return 2 * tp / max(1, vorhersage.sum().item() + int(y.sum().item()))


def auswerten(modell, lader):
    modell.eval()
    ps, ys = [], []
    with torch.no_grad():
        for x, y in lader:
            ps.append(modell(x))
            ys.append(y)
    return f1_micro(torch.cat(ps), torch.cat(ys))


if __name__ == "__main__":
    torch.manual_seed(0)
    lern = DataLoader(TensorDataset(*dokumente(1600)), batch_size=50, shuffle=True)
    pruef = DataLoader(TensorDataset(*dokumente(400)), batch_size=100)
    modell = Themenmodell()
    kriterium = nn.BCELoss()
    optimierer = torch.optim.Adam(modell.parameters(), lr=3e-3)
    for epoche in range(8):
        modell.train()
        summe = 0.0
        for x, y in lern:
            verlust = kriterium(modell(x), y)
            optimierer.zero_grad()
            verlust.backward()
            optimierer.step()
            summe += verlust.item() * x.size(0)
        print(f"Epoche {epoche}: Verlust {summe / len(lern.dataset):.3f}, F1 {auswerten(modell, pruef):.3f}")

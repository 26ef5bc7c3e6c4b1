# Vogelstimmen: ein Ordner je Art, eine Datei je Aufnahme
import random
from pathlib import PurePosixPath

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

ARTEN = ["amsel", "buchfink", "kohlmeise", "rotkehlchen", "zilpzalp"]
ART_ID = {art: k for k, art in enumerate(ARTEN)}


def archiv(je_art=120):
    """Name -> Merkmale (Mittelwerte von 16 Frequenzbändern)."""
    g = torch.Generator().manual_seed(23)
    mitte = torch.randn(len(ARTEN), 16, generator=g)
    return {
        f"aufnahmen/{art}/{nr:04d}.wav": mitte[k] + 0.9 * torch.randn(16, generator=g)
        for k, art in enumerate(ARTEN)
        for nr in range(je_art)
    }


def teile(namen, anteil=0.8, seed=0):
    names = sorted(namen)
    random.Random(seed).shuffle(names)
    cut = int(anteil * len(names))
    return names[:cut], names[cut:]


class Aufnahmen(Dataset):
    def __init__(self, archiv, namen):
        self.archiv = archiv
        self.namen = namen

    def __len__(self):
        return len(self.namen)

    def __getitem__(self, i):
        name = self.namen[i]
        art = PurePosixPath(name).parent.name
        return self.archiv[name], ART_ID[art]


def netz():
    return nn.Sequential(
        nn.Linear(16, 48), nn.BatchNorm1d(48), nn.LeakyReLU(0.1),
        nn.Dropout(0.1), nn.Linear(48, len(ARTEN)),
    )


def trainiere(modell, lader, epochen, lr):
    optimierer = torch.optim.RMSprop(modell.parameters(), lr=lr)
    verlust = nn.CrossEntropyLoss(label_smoothing=0.05)
    modell.train()
    for epoche in range(epochen):
        summe = 0.0
        for x, y in lader:
            optimierer.zero_grad()
            v = verlust(modell(x), y)
            v.backward()
            optimierer.step()
            summe += v.item() * len(y)
        print(f"Epoche {epoche + 1}: {summe / len(lader.dataset):.4f}")


def treffer(modell, lader):
    modell.eval()
    richtig = 0
    with torch.no_grad():
        for x, y in lader:
            richtig += int((modell(x).argmax(dim=1) == y).sum())
    return richtig / len(lader.dataset)


def main():
    torch.manual_seed(23)
    daten = archiv()
    lern, test = teile(daten)
    lern_lader = DataLoader(Aufnahmen(daten, lern), batch_size=32, shuffle=True)
    test_lader = DataLoader(Aufnahmen(daten, test), batch_size=64)
    modell = netz()
    trainiere(modell, lern_lader, epochen=8, lr=1e-3)
    print(f"Lerndaten {treffer(modell, DataLoader(Aufnahmen(daten, lern), batch_size=64)):.3f}")
    print(f"Testdaten {treffer(modell, test_lader):.3f}")


if __name__ == "__main__":
    main()

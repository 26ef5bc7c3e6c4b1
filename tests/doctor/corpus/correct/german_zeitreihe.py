"""Vorhersage einer stündlichen Last-Kurve: LSTM, gleitende Fenster, strikt zeitliche Aufteilung."""
import math

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

FENSTER = 48       # Stunden Vergangenheit
HORIZONT = 6       # Stunden Vorhersage


def erzeuge_reihe(n=1600, saat=4):
    rng = np.random.default_rng(saat)
    t = np.arange(n)
    tag = 20 * np.sin(2 * math.pi * t / 24) + 8 * np.sin(2 * math.pi * t / 168)
    rauschen = np.zeros(n)
    for i in range(1, n):
        rauschen[i] = 0.8 * rauschen[i - 1] + rng.normal(0, 1.5)
    return (100 + tag + rauschen).astype(np.float32)


class Fenster(Dataset):
    def __init__(self, reihe):
        self.reihe = torch.as_tensor(reihe)

    def __len__(self):
        return len(self.reihe) - FENSTER - HORIZONT + 1

    def __getitem__(self, i):
        j = i + FENSTER
        return self.reihe[i:j, None], self.reihe[j:j + HORIZONT]


class Skalierer:
    """Mittelwert und Streuung, nur aus dem Trainingszeitraum."""

    def __init__(self, werte):
        self.m, self.s = float(werte.mean()), float(werte.std())

    def hin(self, w):
        return (w - self.m) / self.s

    def differenz_zurueck(self, w):
        return w * self.s          # für Differenzen fällt der Mittelwert heraus


class Modell(nn.Module):
    def __init__(self, breite=24):
        super().__init__()
        self.lstm = nn.LSTM(1, breite, batch_first=True)
        self.kopf = nn.Linear(breite, HORIZONT)

    def forward(self, x):
        # Der Zustand beginnt bei jedem Fenster bei null; das ist gewollt.
        _, (h, _) = self.lstm(x)
        # Vorhersage als Änderung gegenüber dem letzten bekannten Wert
        return x[:, -1, :] + self.kopf(h[-1])          # (B,1) + (B,H): gewollte Ausdehnung


def mae(modell, lader, skal):
    modell.eval()
    summe, anzahl = torch.zeros(HORIZONT), 0
    with torch.no_grad():
        for x, y in lader:
            fehler = skal.differenz_zurueck(modell(x) - y).abs()
            summe += fehler.sum(0)
            anzahl += len(x)
    return summe / anzahl


def mae_naiv(lader, skal):
    """Saisonal naive Vorhersage: derselbe Zeitpunkt gestern."""
    summe, anzahl = 0.0, 0
    for x, y in lader:
        gestern = x[:, FENSTER - 24:FENSTER - 24 + HORIZONT, 0]
        summe += skal.differenz_zurueck(gestern - y).abs().sum().item()
        anzahl += y.numel()
    return summe / anzahl


def main():
    torch.manual_seed(4)
    roh = erzeuge_reihe()
    a, b = int(0.6 * len(roh)), int(0.8 * len(roh))
    skal = Skalierer(roh[:a])
    reihe = skal.hin(roh)
    # Die Teile überlappen nicht; die Fenster des Tests enthalten keinen Wert, der trainiert wurde.
    training, pruefung, test = Fenster(reihe[:a]), Fenster(reihe[a:b]), Fenster(reihe[b:])
    # Mischen betrifft nur die Reihenfolge der fertigen Fenster, nicht die Zeit im Fenster.
    lader = DataLoader(training, batch_size=64, shuffle=True)
    lader_p, lader_t = DataLoader(pruefung, batch_size=256), DataLoader(test, batch_size=256)

    modell = Modell()
    opt = torch.optim.Adam(modell.parameters(), lr=1e-2)
    plan = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.7)
    verlust = nn.HuberLoss(delta=1.0)
    bestes, gemerkt = math.inf, None
    for epoche in range(5):
        modell.train()
        for x, y in lader:
            opt.zero_grad()
            verlust(modell(x), y).backward()
            nn.utils.clip_grad_value_(modell.parameters(), 0.5)
            opt.step()
        plan.step()
        wert = mae(modell, lader_p, skal).mean().item()
        if wert < bestes:
            bestes = wert
            gemerkt = {k: v.clone() for k, v in modell.state_dict().items()}
        print(f"Epoche {epoche}: MAE Prüfung {wert:.3f} MW")
    modell.load_state_dict(gemerkt)
    je_stunde = mae(modell, lader_t, skal)
    print("MAE Test je Stunde:", [round(v, 2) for v in je_stunde.tolist()])
    print(f"Modell {je_stunde.mean():.3f} MW, naiv {mae_naiv(lader_t, skal):.3f} MW")


if __name__ == "__main__":
    main()

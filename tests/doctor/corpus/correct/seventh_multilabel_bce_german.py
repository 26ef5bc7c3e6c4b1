"""Mehrfachkennzeichnung (Multi-Label) mit BCEWithLogitsLoss und handgeschriebenem F1."""
import copy

import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

N_MERKMALE, N_KLASSEN = 30, 6


def lade(seed=4):
    X, Y = make_multilabel_classification(
        n_samples=2000, n_features=N_MERKMALE, n_classes=N_KLASSEN, n_labels=2, random_state=seed
    )
    X = torch.log1p(torch.tensor(X, dtype=torch.float32))  # Zählmerkmale stauchen
    Y = torch.tensor(Y, dtype=torch.float32)
    idx_rest, idx_test = train_test_split(range(len(X)), test_size=0.2, random_state=seed)
    idx_train, idx_val = train_test_split(idx_rest, test_size=0.2, random_state=seed)
    # Standardisierung nur mit Trainingsdaten bestimmen
    m, s = X[idx_train].mean(0), X[idx_train].std(0).clamp(min=1e-6)
    X = (X - m) / s
    return {name: TensorDataset(X[i], Y[i]) for name, i in
            (("train", idx_train), ("val", idx_val), ("test", idx_test))}


class Netz(nn.Module):
    def __init__(self, breite=64):
        super().__init__()
        self.eingang = nn.Linear(N_MERKMALE, breite)
        self.mitte = nn.Linear(breite, breite)
        self.ausgang = nn.Linear(breite, N_KLASSEN)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x):
        h = torch.relu(self.eingang(x))
        h = h + torch.relu(self.mitte(self.dropout(h)))
        return self.ausgang(h)


class F1Zaehler:
    """Sammelt TP/FP/FN über alle Batches, damit F1 nicht batchweise gemittelt wird."""

    def __init__(self, n):
        self.tp, self.fp, self.fn = torch.zeros(n), torch.zeros(n), torch.zeros(n)

    def update(self, logits, ziel):
        vorhersage = (torch.sigmoid(logits) >= 0.5).float()
        self.tp += (vorhersage * ziel).sum(0)
        self.fp += (vorhersage * (1 - ziel)).sum(0)
        self.fn += ((1 - vorhersage) * ziel).sum(0)

    def mikro(self):
        tp, fp, fn = self.tp.sum(), self.fp.sum(), self.fn.sum()
        return (2 * tp / (2 * tp + fp + fn).clamp(min=1)).item()

    def makro(self):
        return (2 * self.tp / (2 * self.tp + self.fp + self.fn).clamp(min=1)).mean().item()


def bewerte(netz, lader, verlust):
    netz.eval()
    summe, anzahl, f1 = 0.0, 0, F1Zaehler(N_KLASSEN)
    with torch.no_grad():
        for x, y in lader:
            logits = netz(x)
            summe += verlust(logits, y).item() * len(x)
            anzahl += len(x)
            f1.update(logits, y)
    return summe / anzahl, f1.mikro(), f1.makro()


def main():
    torch.manual_seed(4)
    daten = lade()
    lader = {k: DataLoader(v, batch_size=64, shuffle=(k == "train")) for k, v in daten.items()}
    y_train = daten["train"].tensors[1]
    positiv = y_train.sum(0)
    gewicht = ((len(y_train) - positiv) / positiv.clamp(min=1)).clamp(max=5.0)

    netz = Netz()
    verlust = nn.BCEWithLogitsLoss(pos_weight=gewicht)
    optimierer = torch.optim.AdamW(netz.parameters(), lr=2e-3, weight_decay=1e-2)
    plan = torch.optim.lr_scheduler.ReduceLROnPlateau(optimierer, mode="max", factor=0.3, patience=2)

    bester, stand = -1.0, None
    for epoche in range(15):
        netz.train()
        for x, y in lader["train"]:
            optimierer.zero_grad()
            verlust(netz(x), y).backward()
            optimierer.step()
        val_verlust, mikro, makro = bewerte(netz, lader["val"], verlust)
        plan.step(makro)
        print(f"Epoche {epoche + 1:2d}: Verlust {val_verlust:.4f}  F1 mikro {mikro:.3f}  makro {makro:.3f}")
        if makro > bester:
            bester, stand = makro, copy.deepcopy(netz.state_dict())

    netz.load_state_dict(stand)
    _, mikro, makro = bewerte(netz, lader["test"], verlust)
    print(f"Test: F1 mikro {mikro:.3f}, makro {makro:.3f}")


if __name__ == "__main__":
    main()

"""Wissensdestillation: ein großes Netz lehrt ein kleines (Digits-Daten)."""
from __future__ import annotations

import copy
from typing import Callable

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

KONFIG = {
    "samen": 0,
    "lehrer": {"breite": 256, "epochen": 12, "lr": 5e-3},
    "schueler": {"breite": 12, "epochen": 25, "lr": 4e-3},
    "temperatur": 2.0,
    "alpha": 0.6,
}


def netz(breite: int, dropout: float = 0.0) -> nn.Sequential:
    return nn.Sequential(nn.Linear(64, breite), nn.ReLU(), nn.Dropout(dropout), nn.Linear(breite, 10))


def lade_daten(samen: int) -> dict[str, DataLoader]:
    X, y = load_digits(return_X_y=True)
    X = (X / 16.0).astype("float32")
    X_rest, X_te, y_rest, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=samen)
    X_tr, X_va, y_tr, y_va = train_test_split(X_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=samen)
    return {
        name: DataLoader(
            TensorDataset(torch.from_numpy(a), torch.from_numpy(b).long()), batch_size=64, shuffle=name == "train"
        )
        for name, a, b in (("train", X_tr, y_tr), ("val", X_va, y_va), ("test", X_te, y_te))
    }


@torch.no_grad()
def genauigkeit(modell: nn.Module, lader: DataLoader) -> float:
    modell.eval()
    treffer = sum((modell(x).argmax(1) == y).sum().item() for x, y in lader)
    return treffer / len(lader.dataset)


def trainiere(
    modell: nn.Module,
    lader: dict[str, DataLoader],
    verlust: Callable[[Tensor, Tensor, Tensor], Tensor],
    epochen: int,
    lr: float,
) -> float:
    """Trainiert und stellt den Stand mit der besten Validierung wieder her."""
    optimierer = torch.optim.Adam(modell.parameters(), lr=lr)
    plan = torch.optim.lr_scheduler.LinearLR(optimierer, 1.0, 0.1, total_iters=epochen)
    bester, stand = -1.0, None
    for _ in range(epochen):
        modell.train()
        for x, y in lader["train"]:
            optimierer.zero_grad()
            verlust(modell(x), x, y).backward()
            optimierer.step()
        plan.step()
        g = genauigkeit(modell, lader["val"])
        if g > bester:
            bester, stand = g, copy.deepcopy(modell.state_dict())
    modell.load_state_dict(stand)
    return bester


def harter_verlust(logits: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits, y)


def destillationsverlust(lehrer: nn.Module, T: float, alpha: float):
    lehrer.eval()
    for p in lehrer.parameters():
        p.requires_grad_(False)

    def verlust(logits: Tensor, x: Tensor, y: Tensor) -> Tensor:
        with torch.no_grad():
            ziel = F.log_softmax(lehrer(x) / T, dim=1)
        weich = F.kl_div(F.log_softmax(logits / T, dim=1), ziel, reduction="batchmean", log_target=True)
        # T^2 hält die Größenordnung der Gradienten (Hinton et al. 2015)
        return alpha * T**2 * weich + (1 - alpha) * F.cross_entropy(logits, y)

    return verlust


def main() -> None:
    k = KONFIG
    lader = lade_daten(k["samen"])

    torch.manual_seed(k["samen"])
    lehrer = netz(k["lehrer"]["breite"], dropout=0.3)
    val = trainiere(lehrer, lader, harter_verlust, k["lehrer"]["epochen"], k["lehrer"]["lr"])
    print(f"Lehrer                    val {val:.3f}  Test {genauigkeit(lehrer, lader['test']):.3f}")

    verluste = {
        "Schüler ohne Lehrer": harter_verlust,
        "Schüler mit Destillation": destillationsverlust(lehrer, k["temperatur"], k["alpha"]),
    }
    for name, verlust in verluste.items():
        torch.manual_seed(k["samen"] + 1)      # gleiche Startgewichte für den Vergleich
        schueler = netz(k["schueler"]["breite"])
        val = trainiere(schueler, lader, verlust, k["schueler"]["epochen"], k["schueler"]["lr"])
        print(f"{name:25s} val {val:.3f}  Test {genauigkeit(schueler, lader['test']):.3f}")


if __name__ == "__main__":
    main()

"""Unausgewogene Klassen: gewichtete Kreuzentropie, Auswahl nach Macro-F1 auf der Validierung."""
import copy

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score, classification_report, f1_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def gewichte(y: np.ndarray, n_klassen: int) -> torch.Tensor:
    """Inverse Klassenhäufigkeit, nur aus den Trainingslabels berechnet."""
    zaehler = np.bincount(y, minlength=n_klassen)
    return torch.tensor(len(y) / (n_klassen * zaehler), dtype=torch.float32)


def vorhersage(modell: nn.Module, x: torch.Tensor) -> np.ndarray:
    modell.eval()
    with torch.no_grad():
        return modell(x).argmax(dim=1).numpy()


def main() -> None:
    seed = 13
    torch.manual_seed(seed)
    X, y = make_classification(
        n_samples=3000, n_features=16, n_informative=8, n_classes=3, n_clusters_per_class=1,
        weights=[0.85, 0.10, 0.05], class_sep=1.2, random_state=seed,
    )
    X_rest, X_te, y_rest, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)
    X_tr, X_va, y_tr, y_va = train_test_split(X_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=seed)

    skalierer = StandardScaler().fit(X_tr)
    tensor = lambda a: torch.tensor(skalierer.transform(a), dtype=torch.float32)
    x_tr, x_va, x_te = tensor(X_tr), tensor(X_va), tensor(X_te)
    lader = DataLoader(TensorDataset(x_tr, torch.from_numpy(y_tr).long()), batch_size=64, shuffle=True)

    modell = nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 3))
    kriterium = nn.CrossEntropyLoss(weight=gewichte(y_tr, 3))
    optimierer = torch.optim.AdamW(modell.parameters(), lr=3e-3)

    bester_f1, bester_zustand = -1.0, None
    for epoche in range(12):
        modell.train()
        for xb, yb in lader:
            optimierer.zero_grad()
            verlust = kriterium(modell(xb), yb)
            verlust.backward()
            optimierer.step()
        f1 = f1_score(y_va, vorhersage(modell, x_va), average="macro")
        if f1 > bester_f1:
            bester_f1, bester_zustand = f1, copy.deepcopy(modell.state_dict())
        print(f"Epoche {epoche + 1:2d}: Macro-F1 (Val) {f1:.3f}")

    modell.load_state_dict(bester_zustand)
    p = vorhersage(modell, x_te)
    print(classification_report(y_te, p, digits=3, zero_division=0))
    print(f"Balanced Accuracy (Test): {balanced_accuracy_score(y_te, p):.3f}")


if __name__ == "__main__":
    main()

"""CNN auf den sklearn-Ziffern mit gleitendem Mittel der Gewichte (EMA)."""
import copy

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHEN = 6
LERNRATE = 0.05


class ModelEMA:
    """Hält eine gemittelte Kopie des Modells; nur diese wird ausgewertet."""

    def __init__(self, modell, decay=0.99):
        self.modell = copy.deepcopy(modell).eval()
        self.decay = decay
        self.schritte = 0
        for p in self.modell.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, modell):
        self.schritte += 1
        # am Anfang schneller mitteln, sonst bleibt die Initialisierung zu lange sichtbar
        d = min(self.decay, (1 + self.schritte) / (10 + self.schritte))
        for ema_p, p in zip(self.modell.parameters(), modell.parameters()):
            ema_p.mul_(d).add_(p, alpha=1 - d)
        # Puffer (BatchNorm-Statistiken) werden übernommen
        for ema_b, b in zip(self.modell.buffers(), modell.buffers()):
            ema_b.copy_(b)


def baue_modell():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(32 * 2 * 2, 10),
    )


def lade_daten():
    ziffern = load_digits()
    bilder = (ziffern.images / 16.0).astype(np.float32)[:, None]
    ziele = ziffern.target.astype(np.int64)
    x_rest, x_test, y_rest, y_test = train_test_split(bilder, ziele, test_size=0.2, stratify=ziele, random_state=0)
    x_tr, x_va, y_tr, y_va = train_test_split(x_rest, y_rest, test_size=0.2, stratify=y_rest, random_state=0)
    mengen = {}
    for name, (x, y) in {"train": (x_tr, y_tr), "val": (x_va, y_va), "test": (x_test, y_test)}.items():
        mengen[name] = DataLoader(
            TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), batch_size=64, shuffle=name == "train"
        )
    return mengen


@torch.no_grad()
def genauigkeit(modell, lader):
    modell.eval()
    richtig, gesamt = 0, 0
    for x, y in lader:
        richtig += (modell(x).argmax(dim=1) == y).sum().item()
        gesamt += len(y)
    return richtig / gesamt


def main():
    torch.manual_seed(0)
    lader = lade_daten()
    modell = baue_modell()
    ema = ModelEMA(modell)
    optimierer = torch.optim.SGD(modell.parameters(), lr=LERNRATE, momentum=0.9, nesterov=True, weight_decay=5e-4)
    plan = torch.optim.lr_scheduler.OneCycleLR(
        optimierer, max_lr=LERNRATE, total_steps=EPOCHEN * len(lader["train"])
    )
    verlust = nn.CrossEntropyLoss(label_smoothing=0.05)

    bester_wert, bester_stand = -1.0, None
    for epoche in range(EPOCHEN):
        modell.train()
        for x, y in lader["train"]:
            optimierer.zero_grad()
            verlust(modell(x), y).backward()
            optimierer.step()
            plan.step()
            ema.update(modell)
        roh, gemittelt = genauigkeit(modell, lader["val"]), genauigkeit(ema.modell, lader["val"])
        print(f"Epoche {epoche + 1}: Validierung roh {roh:.3f}, EMA {gemittelt:.3f}")
        if gemittelt > bester_wert:
            bester_wert = gemittelt
            bester_stand = copy.deepcopy(ema.modell.state_dict())

    endmodell = baue_modell()
    endmodell.load_state_dict(bester_stand)
    print(f"Test-Genauigkeit (EMA): {genauigkeit(endmodell, lader['test']):.3f}")


if __name__ == "__main__":
    main()

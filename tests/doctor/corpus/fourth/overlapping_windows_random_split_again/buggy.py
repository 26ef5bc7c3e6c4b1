# Lastprognose: aus den letzten 48 Stunden die Last in 12 Stunden schätzen
import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

FENSTER, HORIZONT = 48, 12


def lastgang(stunden, rng):
    t = np.arange(stunden)
    tag = 8 * np.sin(2 * np.pi * t / 24) + 3 * np.sin(2 * np.pi * t / 168)
    wetter = np.zeros(stunden)
    for i in range(1, stunden):
        wetter[i] = 0.97 * wetter[i - 1] + rng.normal(0, 1.5)
    return (60 + tag + wetter + rng.normal(0, 0.5, stunden)).astype(np.float32)


def fenster(reihe):
    n = len(reihe) - FENSTER - HORIZONT + 1
    x = np.lib.stride_tricks.sliding_window_view(reihe, FENSTER)[:n].copy()
    y = reihe[FENSTER + HORIZONT - 1:].copy()
    assert len(x) == len(y)
    return x, y


def aufteilen(x, y, anteil=0.8):
    return train_test_split(x, y, train_size=anteil, random_state=8)


rng = np.random.default_rng(8)
torch.manual_seed(8)
reihe = lastgang(1400, rng)
x_train, x_test, y_train, y_test = aufteilen(*fenster(reihe))

# Normierung, Kennwerte nur aus den Trainingsfenstern
mittel, streuung = x_train.mean(), x_train.std()
zu_tensor = lambda a: torch.from_numpy((a - mittel) / streuung)
lader = DataLoader(TensorDataset(zu_tensor(x_train), zu_tensor(y_train)), batch_size=32, shuffle=True)

netz = nn.Sequential(nn.Linear(FENSTER, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1), nn.Flatten(0))
opt = torch.optim.AdamW(netz.parameters(), lr=1e-3, weight_decay=1e-3)
verlust = nn.MSELoss()

for epoche in range(20):
    netz.train()
    summe = 0.0
    for xb, yb in lader:
        opt.zero_grad()
        fehler = verlust(netz(xb), yb)
        fehler.backward()
        opt.step()
        summe += fehler.item() * len(yb)
    if epoche % 5 == 4:
        print(f"Epoche {epoche + 1}: MSE Training {summe / len(y_train):.4f}")

netz.eval()
with torch.no_grad():
    prognose = netz(zu_tensor(x_test)) * streuung + mittel
mae = (prognose - torch.from_numpy(y_test)).abs().mean().item()
print(f"Test-MAE: {mae:.2f} MW")

# %% [markdown]
# Kleine Regression: Messreihe mit wenigen Punkten

# %%
import argparse
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

# %%
parser = argparse.ArgumentParser()
parser.add_argument("--batch-size", type=int, default=24)
parser.add_argument("--epochs", type=int, default=120)
parser.add_argument("--lr", type=float, default=0.02)
opt = parser.parse_args([])

# %% Daten
torch.manual_seed(40)
druck = torch.linspace(0.0, 3.0, 160).unsqueeze(1)
fluss = torch.sqrt(druck + 0.2) + 0.1 * torch.sin(4 * druck) + 0.01 * torch.randn_like(druck)
reihe = torch.randperm(160)
lern, pruef = reihe[:120], reihe[120:]
m, s = druck[lern].mean(), druck[lern].std()


def laden(index, **kw):
    satz = TensorDataset((druck[index] - m) / s, fluss[index])
    return DataLoader(satz, **kw)


lern_dl = laden(lern, batch_size=opt.batch_size, shuffle=True, drop_last=True)
pruef_dl = laden(pruef, batch_size=40)

# %% Modell
modell = nn.Sequential(nn.Linear(1, 24), nn.BatchNorm1d(24), nn.Tanh(), nn.Linear(24, 1))
verfahren = torch.optim.Adam(modell.parameters(), lr=opt.lr)
mse = nn.MSELoss()

# %% Lernen
for epoche in range(opt.epochs):
    modell.train()
    for a, b in lern_dl:
        verfahren.zero_grad()
        mse(modell(a), b).backward()
        verfahren.step()

# %% Prüfen
modell.eval()
with torch.no_grad():
    for a, b in pruef_dl:
        print("Fehler: %.5f" % mse(modell(a), b).item())

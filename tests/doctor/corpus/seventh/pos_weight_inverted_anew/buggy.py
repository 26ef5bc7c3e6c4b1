# %% Ausfallvorhersage fuer Pumpen: etwa 6 % der Zeilen sind Ausfaelle
import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import precision_score, recall_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

SEED = 44
np.random.seed(SEED)
torch.manual_seed(SEED)

# %% Daten
n = 4000
temperatur = np.random.normal(60, 8, n)
vibration = np.random.lognormal(0.0, 0.4, n)
laufzeit = np.random.uniform(0, 5000, n)
druck = np.random.normal(4, 0.5, n)
score = 0.12 * (temperatur - 60) + 2.0 * (vibration - 1) + 0.0006 * laufzeit + np.random.logistic(0, 0.6, n)
ausfall = (score > np.quantile(score, 0.94)).astype(np.int64)
tabelle = np.column_stack([temperatur, vibration, laufzeit, druck])

x_tr, x_te, y_tr, y_te = train_test_split(tabelle, ausfall, test_size=0.25, stratify=ausfall, random_state=SEED)
scaler = StandardScaler().fit(x_tr)
x_tr, x_te = (torch.as_tensor(scaler.transform(a), dtype=torch.float32) for a in (x_tr, x_te))
y_tr = torch.as_tensor(y_tr)


# %% Verlust
def gewichteter_verlust(ziel):
    """BCE, in der beide Klassen insgesamt gleich viel zaehlen."""
    anzahl = torch.bincount(ziel, minlength=2).float()
    return nn.BCEWithLogitsLoss(pos_weight=anzahl[1] / anzahl[0])


# %% Modell und Training
netz = nn.Sequential(nn.Linear(4, 32), nn.ELU(), nn.Linear(32, 16), nn.ELU(), nn.Linear(16, 1), nn.Flatten(0))
kriterium = gewichteter_verlust(y_tr)
optimierer = torch.optim.NAdam(netz.parameters(), lr=2e-3)

for epoche in range(10):
    netz.train()
    verlauf = []
    for teil in torch.randperm(len(x_tr)).split(100):
        optimierer.zero_grad()
        verlust = kriterium(netz(x_tr[teil]), y_tr[teil].float())
        verlust.backward()
        optimierer.step()
        verlauf.append(verlust.item())
    print(f"Epoche {epoche}: {np.mean(verlauf):.4f}")

# %% Test
netz.eval()
with torch.no_grad():
    vorhersage = (torch.sigmoid(netz(x_te)) >= 0.5).int().numpy()
print("Trefferquote (Recall)", round(recall_score(y_te, vorhersage), 3))
print("Genauigkeit (Precision)", round(precision_score(y_te, vorhersage, zero_division=0), 3))

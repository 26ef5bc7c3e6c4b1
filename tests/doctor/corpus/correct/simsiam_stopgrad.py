# %% [markdown]
# SimSiam auf Tabellendaten. Kommentare auf Deutsch.

# %%
import torch
from torch import nn
from torch.nn.functional import cosine_similarity
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
# Pixel liegen immer in 0..16, also eine feste Skala und keine gelernte
X_tr, X_te = (torch.tensor(a / 16.0, dtype=torch.float32) for a in (X_tr, X_te))

# %%
backbone = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(),
                         nn.Linear(128, 64), nn.BatchNorm1d(64, affine=False))
predictor = nn.Sequential(nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 64))


def verzerren(x):
    maske = torch.rand_like(x) > 0.25
    return (x * maske + 0.05 * torch.randn_like(x)).clamp(0, 1)


def D(p, z):
    return -cosine_similarity(p, z.detach(), dim=-1).mean()


# %%
epochs, base_lr, bs = 8, 0.1, 128
opt = torch.optim.SGD([
    {"params": backbone.parameters(), "fest": False},
    {"params": predictor.parameters(), "fest": True},   # der Praediktor behaelt seine Lernrate
], lr=base_lr, momentum=0.9, weight_decay=1e-4)
sched = torch.optim.lr_scheduler.LambdaLR(opt, [
    lambda e: 0.5 * (1 + torch.cos(torch.tensor(e / epochs * 3.14159265)).item()),
    lambda e: 1.0,
])

for epoch in range(epochs):
    backbone.train()
    predictor.train()
    verlauf = []
    ordnung = torch.randperm(len(X_tr))
    for idx in ordnung[: len(ordnung) // bs * bs].view(-1, bs):   # letzte, kleinere Portion faellt weg
        a, b = verzerren(X_tr[idx]), verzerren(X_tr[idx])
        z1, z2 = backbone(a), backbone(b)
        loss = D(predictor(z1), z2) / 2 + D(predictor(z2), z1) / 2
        opt.zero_grad()
        loss.backward()
        opt.step()
        verlauf.append(loss.item())
    sched.step()
    streuung = nn.functional.normalize(z1.detach(), dim=1).std(0).mean().item()
    print(f"Epoche {epoch}: Verlust {sum(verlauf) / len(verlauf):.3f}, Streuung {streuung:.3f}")

# %% lineare Auswertung
backbone.eval()
with torch.no_grad():
    f_tr, f_te = backbone(X_tr).numpy(), backbone(X_te).numpy()
clf = LogisticRegression(max_iter=500).fit(f_tr, y_tr)
print("Genauigkeit auf den Testdaten:", round(clf.score(f_te, y_te), 3))

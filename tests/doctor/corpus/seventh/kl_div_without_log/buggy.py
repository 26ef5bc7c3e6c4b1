import torch
import torch.nn as nn
import torch.nn.functional as F

# Wissensdistillation: grosses Netz (Lehrer) -> kleines Netz (Schueler)


def spiralen(n, klassen=3, rauschen=0.18):
    k = torch.randint(0, klassen, (n,))
    r = torch.rand(n) * 2.5 + 0.3
    winkel = 1.8 * r + k * (2 * torch.pi / klassen)
    x = torch.stack([r * winkel.cos(), r * winkel.sin()], dim=1)
    return x + rauschen * torch.randn_like(x), k


class Lehrer(nn.Module):
    def __init__(self):
        super().__init__()
        self.netz = nn.Sequential(
            nn.Linear(2, 96), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(96, 96), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(96, 3),
        )

    def forward(self, x):
        return self.netz(x)


class DistillationLoss(nn.Module):
    def __init__(self, temperatur=3.0, alpha=0.8):
        super().__init__()
        self.T = temperatur
        self.alpha = alpha

    def forward(self, schueler_logits, lehrer_logits, ziel):
        hart = F.cross_entropy(schueler_logits, ziel)
        p = F.softmax(schueler_logits / self.T, dim=1)
        q = F.softmax(lehrer_logits / self.T, dim=1)
        weich = F.kl_div(p, q, reduction="batchmean") * self.T ** 2
        return self.alpha * weich + (1 - self.alpha) * hart


def batches(n, groesse=50):
    yield from torch.randperm(n).split(groesse)


def bewertung(netz, x, y):
    netz.eval()
    with torch.no_grad():
        logits = netz(x)
    treffer = (logits.argmax(1) == y).float().mean().item()
    return f"Genauigkeit {treffer:.3f}, Kreuzentropie {F.cross_entropy(logits, y).item():.3f}"


torch.manual_seed(77)
x_train, y_train = spiralen(1500)
x_test, y_test = spiralen(600)

lehrer = Lehrer()
opt = torch.optim.Adam(lehrer.parameters(), lr=5e-3)
for epoche in range(11):
    lehrer.train()
    for i in batches(1500):
        opt.zero_grad()
        F.cross_entropy(lehrer(x_train[i]), y_train[i]).backward()
        opt.step()
print("Lehrer:  ", bewertung(lehrer, x_test, y_test))

lehrer.eval()
lehrer.requires_grad_(False)
schueler = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 16), nn.ReLU(), nn.Linear(16, 3))
opt = torch.optim.Adam(schueler.parameters(), lr=8e-3)
verlust = DistillationLoss()
for epoche in range(11):
    schueler.train()
    for i in batches(1500):
        xb, yb = x_train[i], y_train[i]
        loss = verlust(schueler(xb), lehrer(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
print("Schueler:", bewertung(schueler, x_test, y_test))

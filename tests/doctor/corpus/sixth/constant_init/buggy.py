# Übung 3: kleines Netz auf zwei Monden, mit wählbarer Initialisierung
import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split

def normal_fan_in(w):
    nn.init.kaiming_normal_(w, nonlinearity="relu")

def flat_fan_in(w):
    nn.init.constant_(w, w.shape[1] ** -0.5)

METHODS = {"he": normal_fan_in, "flat": flat_fan_in}

class Netz(nn.Module):
    def __init__(self, breite, init):
        super().__init__()
        self.ein = nn.Linear(2, breite)
        self.mitte = nn.Linear(breite, breite)
        self.aus = nn.Linear(breite, 1)
        for schicht in self.children():
            METHODS[init](schicht.weight)
            nn.init.zeros_(schicht.bias)

    def forward(self, x):
        h = torch.relu(self.ein(x))
        h = torch.relu(self.mitte(h))
        return self.aus(h).squeeze(1)

def trainiere(netz, x, y, epochen=30, lr=1e-2):
    opt = torch.optim.Adam(netz.parameters(), lr=lr)
    verlust = nn.BCEWithLogitsLoss()
    netz.train()
    for _ in range(epochen):
        for teil in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            verlust(netz(x[teil]), y[teil]).backward()
            opt.step()

@torch.no_grad()
def genauigkeit(netz, x, y):
    netz.eval()
    return ((netz(x) > 0) == y.bool()).float().mean().item()

if __name__ == "__main__":
    torch.manual_seed(1)
    punkte, klassen = make_moons(800, noise=0.15, random_state=1)
    daten = train_test_split(punkte, klassen, test_size=200, random_state=1)
    xa, xb, ya, yb = (torch.tensor(d, dtype=torch.float32) for d in daten)
    netz = Netz(32, init="flat")
    trainiere(netz, xa, ya)
    print("Test:", genauigkeit(netz, xb, yb))

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim


# Schichten nach Liste aufbauen; "fc:32" = Linear mit 32 Ausgaben
def baue(plan, eingang):
    teile = nn.Sequential()
    breite = eingang
    for i, wort in enumerate(plan.split()):
        art, _, zahl = wort.partition(":")
        if art == "fc":
            teile.add_module("fc%d" % i, nn.Linear(breite, int(zahl)))
            breite = int(zahl)
        elif art == "relu":
            teile.add_module("relu%d" % i, nn.ReLU())
        elif art == "drop":
            teile.add_module("drop%d" % i, nn.Dropout(float(zahl)))
        elif art == "ausgabe":
            teile.add_module("ausgabe", nn.Softmax(dim=1))
    return teile


def spirale(n, klassen, gen):
    k = torch.randint(0, klassen, (n,), generator=gen)
    r = torch.rand(n, generator=gen)
    w = 4 * r + k * 2 * torch.pi / klassen + 0.15 * torch.randn(n, generator=gen)
    return torch.stack((r * torch.cos(w), r * torch.sin(w)), 1), k


gen = torch.Generator().manual_seed(9)
torch.manual_seed(9)
x_train, y_train = spirale(900, 3, gen)
x_test, y_test = spirale(300, 3, gen)

modell = baue("fc:64 relu drop:0.1 fc:64 relu fc:3 ausgabe", 2)
optimierer = optim.Adam(modell.parameters(), lr=1e-2)

for epoche in range(25):
    modell.train()
    summe = 0.0
    for teil in torch.randperm(900).split(60):
        optimierer.zero_grad()
        verlust = F.nll_loss(modell(x_train[teil]), y_train[teil])
        verlust.backward()
        optimierer.step()
        summe += verlust.item() * len(teil)
    if epoche % 5 == 4:
        modell.eval()
        with torch.no_grad():
            treffer = (modell(x_test).argmax(1) == y_test).float().mean().item()
        print("Epoche %d  Verlust %.3f  Test %.3f" % (epoche + 1, summe / 900, treffer))

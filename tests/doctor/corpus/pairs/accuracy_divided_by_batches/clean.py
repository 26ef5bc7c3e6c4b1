import torch, torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset as TD

torch.manual_seed(58)
X = torch.randn(480, 4)
Y = X.argmax(1)
tr = DataLoader(TD(X[:400], Y[:400]), 25, shuffle=True)
te = DataLoader(TD(X[400:], Y[400:]), 20)
f = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 4))
o = torch.optim.Adam(f.parameters(), 5e-3)
L = nn.CrossEntropyLoss()
for e in range(4):
    f.train()
    for a, b in tr:
        o.zero_grad()
        L(f(a), b).backward()
        o.step()
    f.eval()
    c = 0
    with torch.no_grad():
        for a, b in te:
            c += (f(a).argmax(1) == b).sum().item()
    print(e, 100 * c / len(te.dataset), "%")

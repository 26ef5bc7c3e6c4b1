import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(48)


class CNN(nn.Module):
    def __init__(self, k=4):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 3, padding=1)
        self.c2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16 * 2 * 2, k)

    def forward(self, x):
        for c in (self.c1, self.c2):
            x = F.max_pool2d(F.relu(c(x)), 2)
        return F.relu(self.fc(x.flatten(1)))


def data(n):
    y = torch.randint(0, 4, (n,))
    x = 0.4 * torch.randn(n, 1, 8, 8)
    for i, k in enumerate(y.tolist()):
        r, c = divmod(k, 2)
        x[i, 0, r * 4 : r * 4 + 4, c * 4 : c * 4 + 4] += 0.5
    return x, y


xa, ya = data(400)
xb, yb = data(100)
m = CNN()
o = torch.optim.Adam(m.parameters(), 2e-3)
for e in range(4):
    m.train()
    for s in torch.randperm(400).split(40):
        o.zero_grad()
        F.cross_entropy(m(xa[s]), ya[s]).backward()
        o.step()
    m.eval()
    with torch.no_grad():
        print(e, (m(xb).argmax(1) == yb).float().mean().item())

import torch
from torch import nn


class CondG(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(3, 4)
        self.net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, z, c):
        return self.net(torch.cat([z, self.emb(c)], 1))


class CondD(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(3, 4)
        self.net = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(6, 32)), nn.LeakyReLU(0.2), nn.Linear(32, 1))

    def forward(self, x, c):
        return self.net(torch.cat([x, self.emb(c)], 1))


torch.manual_seed(21)
centers = torch.tensor([[0.0, 2.0], [2.0, 0.0], [-2.0, 0.0]])
g, d = CondG(), CondD()
og, od = torch.optim.Adam(g.parameters(), 1e-3), torch.optim.Adam(d.parameters(), 1e-3)
bce = nn.functional.binary_cross_entropy_with_logits
for it in range(60):
    c = torch.randint(0, 3, (32,))
    real = centers[c] + 0.2 * torch.randn(32, 2)
    with torch.no_grad():
        fake = g(torch.randn(32, 4), c)
    ld = bce(d(real, c), torch.full((32, 1), 0.9)) + bce(d(fake, c), torch.zeros(32, 1))
    od.zero_grad()
    ld.backward()
    od.step()
    lg = bce(d(g(torch.randn(32, 4), c), c), torch.ones(32, 1))
    og.zero_grad()
    lg.backward()
    og.step()
print(ld.item(), lg.item())

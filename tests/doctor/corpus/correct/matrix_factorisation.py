import torch
from torch import nn


class MF(nn.Module):
    def __init__(self, users, items, k=8):
        super().__init__()
        self.u, self.i = nn.Embedding(users, k), nn.Embedding(items, k)
        self.bu, self.bi = nn.Embedding(users, 1), nn.Embedding(items, 1)
        for e in (self.u, self.i):
            nn.init.normal_(e.weight, std=0.1)
        for e in (self.bu, self.bi):
            nn.init.zeros_(e.weight)
        self.mu = nn.Parameter(torch.zeros(()))

    def forward(self, u, i):
        return self.mu + self.bu(u).squeeze(1) + self.bi(i).squeeze(1) + (self.u(u) * self.i(i)).sum(1)


torch.manual_seed(66)
U, I = torch.randn(40, 3), torch.randn(30, 3)
u, i = torch.randint(0, 40, (1500,)), torch.randint(0, 30, (1500,))
r = 3 + (U[u] * I[i]).sum(1) * 0.5
tr, va = slice(0, 1200), slice(1200, None)
model = MF(40, 30)
opt = torch.optim.Adam(model.parameters(), lr=2e-2, weight_decay=1e-5)
for epoch in range(6):
    model.train()
    for b in torch.randperm(1200).split(100):
        opt.zero_grad()
        nn.functional.mse_loss(model(u[b], i[b]), r[b]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, nn.functional.mse_loss(model(u[va], i[va]), r[va]).sqrt().item())

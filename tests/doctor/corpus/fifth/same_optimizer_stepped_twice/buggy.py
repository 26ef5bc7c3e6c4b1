import torch
import torch.nn as nn
import torch.nn.functional as F

USERS, ITEMS, DIM = 60, 80, 8


class Recommender(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(USERS, DIM, sparse=True)
        self.item = nn.Embedding(ITEMS, DIM, sparse=True)
        self.mix = nn.Sequential(nn.Linear(3 * DIM, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, u, i):
        a, b = self.user(u), self.item(i)
        return self.mix(torch.cat([a, b, a * b], -1)).squeeze(-1)


def ratings(n, taste, kind):
    u, i = torch.randint(0, USERS, (n,)), torch.randint(0, ITEMS, (n,))
    return u, i, (taste[u] * kind[i]).sum(1) + 0.1 * torch.randn(n)


def rmse(model, u, i, r):
    model.eval()
    with torch.no_grad():
        return F.mse_loss(model(u, i), r).sqrt().item()


torch.manual_seed(19)
taste, kind = torch.randn(USERS, 2), torch.randn(ITEMS, 2)
u, i, r = ratings(3000, taste, kind)
test = ratings(600, taste, kind)

model = Recommender()
table_params = [*model.user.parameters(), *model.item.parameters()]
opt_table = torch.optim.SparseAdam(table_params, lr=0.02)
opt_dense = torch.optim.Adam(model.mix.parameters(), lr=5e-3)

for epoch in range(14):
    model.train()
    for idx in torch.randperm(len(r)).split(100):
        opt_table.zero_grad()
        opt_dense.zero_grad()
        loss = F.mse_loss(model(u[idx], i[idx]), r[idx])
        loss.backward()
        opt_dense.step()
        opt_dense.step()
print("test rmse %.3f" % rmse(model, *test))

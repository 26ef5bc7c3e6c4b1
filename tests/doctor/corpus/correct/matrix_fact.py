# Recommender homework: biased matrix factorisation, test on held-out ratings
import numpy as np
import torch
import torch.nn as nn

rng = np.random.RandomState(10)
torch.manual_seed(10)
n_users, n_items, k_true = 120, 80, 3

# ratings 1..5 from a low rank ground truth
P = rng.normal(size=(n_users, k_true))
Q = rng.normal(size=(n_items, k_true))
full = 3.2 + 0.55 * (P @ Q.T) + rng.normal(0, .4, (n_users, 1)) + rng.normal(0, .4, (1, n_items))
full = np.clip(np.rint(full + rng.normal(0, .2, full.shape)), 1, 5)
pairs = rng.permutation(n_users * n_items)[:4200]
users, items = pairs // n_items, pairs % n_items
ratings = full[users, items]

n_train, n_val = 3200, 500
u = torch.as_tensor(users, dtype=torch.long)
i = torch.as_tensor(items, dtype=torch.long)
r = torch.as_tensor(ratings, dtype=torch.float32)
tr, va, te = slice(0, n_train), slice(n_train, n_train + n_val), slice(n_train + n_val, None)


class MF(nn.Module):
    def __init__(self, n_users, n_items, k, mu):
        super().__init__()
        self.user_factors = nn.Embedding(n_users, k)
        self.item_factors = nn.Embedding(n_items, k)
        self.user_bias = nn.Embedding(n_users, 1)
        self.item_bias = nn.Embedding(n_items, 1)
        self.register_buffer("mu", torch.tensor(mu))
        nn.init.normal_(self.user_factors.weight, std=0.1)
        nn.init.normal_(self.item_factors.weight, std=0.1)
        nn.init.zeros_(self.user_bias.weight)
        nn.init.zeros_(self.item_bias.weight)

    def forward(self, u, i):
        dot = (self.user_factors(u) * self.item_factors(i)).sum(1)
        return self.mu + dot + self.user_bias(u).squeeze(1) + self.item_bias(i).squeeze(1)

    def penalty(self, u, i):
        return self.user_factors(u).pow(2).sum(1).mean() + self.item_factors(i).pow(2).sum(1).mean()


def rmse(model, part):
    model.eval()
    with torch.no_grad():
        pred = model(u[part], i[part]).clamp(1, 5)
    return (pred - r[part]).pow(2).mean().sqrt().item()


def fit(k, reg, epochs=15, lr=0.02, batch=128):
    torch.manual_seed(10)
    model = MF(n_users, n_items, k, float(r[tr].mean()))
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        model.train()
        for b in torch.randperm(n_train).split(batch):
            loss = ((model(u[b], i[b]) - r[b]) ** 2).mean() + reg * model.penalty(u[b], i[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
    return model


best = None
for k in (2, 4):
    for reg in (0.02, 0.1):
        m = fit(k, reg)
        v = rmse(m, va)
        print(f"k={k} reg={reg}: train {rmse(m, tr):.3f} val {v:.3f}")
        if best is None or v < best[0]:
            best = (v, m, k, reg)

_, m, k, reg = best
base = (r[te] - r[tr].mean()).pow(2).mean().sqrt().item()
print(f"chosen k={k} reg={reg}; test RMSE {rmse(m, te):.3f}, global mean {base:.3f}")

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

N_USERS, N_ITEMS, FACTORS = 120, 80, 12


def simulate(rng):
    u = rng.normal(size=(N_USERS, 4))
    v = rng.normal(size=(N_ITEMS, 4))
    p = 1 / (1 + np.exp(-(2 * u @ v.T - 2)))
    return rng.random((N_USERS, N_ITEMS)) < p


class Clicks(Dataset):
    """(user, clicked item, item the user has not clicked)"""

    def __init__(self, matrix, rng):
        self.users, self.items = np.nonzero(matrix)
        self.pool = [np.nonzero(~matrix[u])[0] for u in range(N_USERS)]
        self.rng = rng

    def __len__(self):
        return len(self.users)

    def __getitem__(self, i):
        u = self.users[i]
        j = self.rng.choice(self.pool[u])
        return int(u), int(self.items[i]), int(j)


class MF(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(N_USERS, FACTORS)
        self.item = nn.Embedding(N_ITEMS, FACTORS)
        self.bias = nn.Embedding(N_ITEMS, 1)
        for e in (self.user, self.item):
            nn.init.normal_(e.weight, std=0.1)
        nn.init.zeros_(self.bias.weight)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1) + self.bias(i).squeeze(-1)

    def score_all(self, u):
        return self.user(u) @ self.item.weight.T + self.bias.weight.squeeze(-1)


def bpr_loss(pos, neg):
    return -nn.functional.logsigmoid(pos - neg).mean()


def hit_rate(model, train, held_out, k=10):
    model.eval()
    users = torch.from_numpy(np.nonzero(held_out.any(1))[0])
    with torch.no_grad():
        s = model.score_all(users)
    s = s.masked_fill(torch.from_numpy(train)[users], float("-inf"))
    top = s.topk(k, dim=1).indices
    return torch.from_numpy(held_out)[users].gather(1, top).any(1).float().mean().item()


def main():
    rng = np.random.default_rng(11)
    torch.manual_seed(11)
    clicks = simulate(rng)
    test_mask = rng.random(clicks.shape) < 0.2
    train, test = clicks & ~test_mask, clicks & test_mask
    loader = DataLoader(Clicks(train, rng), batch_size=128, shuffle=True)
    model = MF()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(6):
        model.train()
        for user, liked, other in loader:
            x_uj = model(user, other)
            x_ui = model(user, liked)
            loss = bpr_loss(x_ui, x_uj)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch}  HR@10 {hit_rate(model, train, test):.3f}")


main()

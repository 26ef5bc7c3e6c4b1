import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

rng = np.random.default_rng(17)
torch.manual_seed(17)

N_USERS, N_ITEMS, DIM = 80, 40, 8

# every user likes items of his own two genres (about a third of the catalogue)
genre = rng.integers(0, 6, N_ITEMS)
likes = [[i for i in range(N_ITEMS) if genre[i] in g] for g in (rng.choice(6, 2, replace=False) for _ in range(N_USERS))]

train_pos, test_item = {}, {}
for u in range(N_USERS):
    items = rng.permutation(likes[u])
    test_item[u] = int(items[0])
    train_pos[u] = set(items[1:].tolist())

pairs = np.array([(u, i) for u in range(N_USERS) for i in sorted(train_pos[u])])


def draw_negatives(users):
    neg = rng.integers(0, N_ITEMS, len(users))
    for k, u in enumerate(users):
        while neg[k] in train_pos[u]:
            neg[k] = rng.integers(0, N_ITEMS)
    return neg


class MF(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(N_USERS, DIM)
        self.item = nn.Embedding(N_ITEMS, DIM)
        nn.init.normal_(self.user.weight, std=0.1)
        nn.init.normal_(self.item.weight, std=0.1)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1)


model = MF()
opt = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-5)
for epoch in range(10):
    order = rng.permutation(len(pairs))
    for chunk in np.array_split(order, 8):
        u, i = pairs[chunk, 0], pairs[chunk, 1]
        j = draw_negatives(u)
        u_t, i_t, j_t = (torch.as_tensor(a) for a in (u, i, j))
        loss = -F.logsigmoid(model(u_t, i_t) - model(u_t, j_t)).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch}: bpr {loss.item():.4f}")

# leave-one-out hit rate@10, items seen in training are removed from the ranking
hits = 0
with torch.no_grad():
    scores = model.user.weight @ model.item.weight.t()
for u in range(N_USERS):
    scores[u, list(train_pos[u])] = -torch.inf
    hits += int(test_item[u] in scores[u].topk(10).indices.tolist())
print("HR@10", hits / N_USERS)

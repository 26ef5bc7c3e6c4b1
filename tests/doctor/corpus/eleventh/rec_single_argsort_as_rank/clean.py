import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(99)
N_USERS, N_ITEMS, DIM, K = 120, 60, 16, 10

# users of one of six tastes click on items of that taste
taste = torch.randint(0, 6, (N_USERS,))
item_taste = torch.arange(N_ITEMS) % 6
clicks = []
for u in range(N_USERS):
    own = (item_taste == taste[u]).nonzero().flatten()
    clicks.append(own[torch.randperm(len(own))[:7]])
clicks = torch.stack(clicks)
train_items, test_item = clicks[:, :-1], clicks[:, -1]


class BPRMF(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(N_USERS, DIM)
        self.item = nn.Embedding(N_ITEMS, DIM)
        nn.init.normal_(self.user.weight, std=0.1)
        nn.init.normal_(self.item.weight, std=0.1)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1)

    def all_scores(self):
        return self.user.weight @ self.item.weight.T


def sample_negatives(users):
    neg = torch.randint(0, N_ITEMS, (len(users),))
    bad = (train_items[users] == neg[:, None]).any(1)
    while bad.any():
        neg[bad] = torch.randint(0, N_ITEMS, (int(bad.sum()),))
        bad = (train_items[users] == neg[:, None]).any(1)
    return neg


@torch.no_grad()
def evaluate(model):
    scores = model.all_scores()
    scores = scores.scatter(1, train_items, float("-inf"))       # already seen
    order = scores.argsort(dim=1, descending=True)
    ranks = order.argsort(dim=1)
    rank = ranks.gather(1, test_item[:, None]).squeeze(1)
    return (rank < K).float().mean().item(), (1.0 / (rank + 1)).mean().item()


model = BPRMF()
opt = torch.optim.Adam(model.parameters(), lr=0.02)
users = torch.arange(N_USERS).repeat_interleave(train_items.size(1))
items = train_items.flatten()
for epoch in range(15):
    for idx in torch.randperm(len(users)).split(128):
        u, pos = users[idx], items[idx]
        loss = -F.logsigmoid(model(u, pos) - model(u, sample_negatives(u))).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 4:
        hr, mrr = evaluate(model)
        print(f"epoch {epoch + 1} loss {loss.item():.3f} HR@{K} {hr:.3f} MRR {mrr:.3f}")

import torch
import torch.nn as nn
import torch.nn.functional as F

# implicit feedback, matrix factorisation with BPR, leave-one-out


class Interactions:
    def __init__(self, n_users=120, n_items=300, per_user=16, seed=0):
        g = torch.Generator().manual_seed(seed)
        self.n_users, self.n_items = n_users, n_items
        u, v = torch.randn(n_users, 4, generator=g), torch.randn(n_items, 4, generator=g)
        prob = torch.softmax(1.5 * u @ v.T, dim=1)
        liked = torch.multinomial(prob, per_user, generator=g)  # without replacement
        self.test = liked[:, 0]
        self.val = liked[:, 1]
        self.train = torch.stack([torch.arange(n_users).repeat_interleave(per_user - 2), liked[:, 2:].flatten()], dim=1)
        self.seen = torch.zeros(n_users, n_items, dtype=torch.bool)
        self.seen[self.train[:, 0], self.train[:, 1]] = True

    def negatives(self, users):
        j = torch.randint(0, self.n_items, users.shape)
        clash = self.seen[users, j]
        while clash.any():
            j[clash] = torch.randint(0, self.n_items, (int(clash.sum()),))
            clash = self.seen[users, j]
        return j


class MF(nn.Module):
    def __init__(self, n_users, n_items, dim=16):
        super().__init__()
        self.U = nn.Embedding(n_users, dim)
        self.V = nn.Embedding(n_items, dim)
        self.b = nn.Embedding(n_items, 1)
        nn.init.normal_(self.U.weight, std=0.1)
        nn.init.normal_(self.V.weight, std=0.1)
        nn.init.zeros_(self.b.weight)

    def forward(self, u, i):
        return (self.U(u) * self.V(i)).sum(-1) + self.b(i).squeeze(-1)

    def all_scores(self):
        return self.U.weight @ self.V.weight.T + self.b.weight.T


@torch.no_grad()
def hit_rate(model, data, target, exclude, k=10):
    model.eval()
    s = model.all_scores().masked_fill(exclude, float("-inf"))
    return (s.topk(k, dim=1).indices == target[:, None]).any(1).float().mean().item()


torch.manual_seed(14)
data = Interactions()
model = MF(data.n_users, data.n_items)
opt = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-5)
seen_val = data.seen.clone()
seen_val[torch.arange(data.n_users), data.val] = True
best, keep = -1.0, None
for epoch in range(20):
    model.train()
    total = 0.0
    for rows in data.train[torch.randperm(len(data.train))].split(128):
        u, i = rows.unbind(1)
        loss = -F.logsigmoid(model(u, i) - model(u, data.negatives(u))).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(rows)
    hr = hit_rate(model, data, data.val, data.seen)
    if hr > best:
        best, keep = hr, {k: v.clone() for k, v in model.state_dict().items()}
    if epoch % 4 == 0:
        print(f"epoch {epoch:2d} loss {total / len(data.train):.4f} HR@10 {hr:.3f}")
model.load_state_dict(keep)
print("test HR@10", round(hit_rate(model, data, data.test, seen_val), 3))

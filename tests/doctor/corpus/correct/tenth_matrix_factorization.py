"""Explicit-feedback recommender: biased matrix factorisation."""
import torch
import torch.nn as nn

torch.manual_seed(55)

N_USERS, N_ITEMS, K_TRUE = 120, 80, 3

# ---- synthetic ratings, clipped to [1, 5]
U = 0.6 * torch.randn(N_USERS, K_TRUE)
V = 0.6 * torch.randn(N_ITEMS, K_TRUE)
full = 3.3 + 0.4 * torch.randn(N_USERS, 1) + 0.4 * torch.randn(1, N_ITEMS) + U @ V.T
observed = (torch.rand(N_USERS, N_ITEMS) < 0.35).nonzero()
stars = (full[observed[:, 0], observed[:, 1]] + 0.25 * torch.randn(len(observed))).clamp(1, 5)

shuffle = torch.randperm(len(observed))
n_test = len(observed) // 5
test_i, train_i = shuffle[:n_test], shuffle[n_test:]


class MF(nn.Module):
    def __init__(self, n_users, n_items, k, global_mean):
        super().__init__()
        self.user = nn.Embedding(n_users, k)
        self.item = nn.Embedding(n_items, k)
        self.user_bias = nn.Embedding(n_users, 1)
        self.item_bias = nn.Embedding(n_items, 1)
        self.register_buffer("mu", global_mean)
        for emb in (self.user, self.item):
            nn.init.normal_(emb.weight, std=0.1)
        for emb in (self.user_bias, self.item_bias):
            nn.init.zeros_(emb.weight)

    def forward(self, u, i):
        dot = (self.user(u) * self.item(i)).sum(dim=1)
        return self.mu + dot + self.user_bias(u).squeeze(1) + self.item_bias(i).squeeze(1)


def rmse(pred, target):
    return (pred - target).pow(2).mean().sqrt().item()


train_mean = stars[train_i].mean()
model = MF(N_USERS, N_ITEMS, k=4, global_mean=train_mean)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-4)

for epoch in range(15):
    total = 0.0
    for idx in train_i[torch.randperm(len(train_i))].split(256):
        u, i = observed[idx].unbind(dim=1)
        loss = nn.functional.mse_loss(model(u, i), stars[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: train mse {total / len(train_i):.4f}")

with torch.no_grad():
    u, i = observed[test_i].unbind(dim=1)
    pred = model(u, i).clamp(1, 5)
truth = stars[test_i]
print(f"test RMSE {rmse(pred, truth):.3f} (global mean: {rmse(train_mean.expand_as(truth), truth):.3f})")

with torch.no_grad():
    user = torch.zeros(N_ITEMS, dtype=torch.long)
    ranked = model(user, torch.arange(N_ITEMS))
    ranked[observed[train_i][observed[train_i][:, 0] == 0][:, 1]] = float("-inf")
print("five suggestions for user 0:", ranked.topk(5).indices.tolist())

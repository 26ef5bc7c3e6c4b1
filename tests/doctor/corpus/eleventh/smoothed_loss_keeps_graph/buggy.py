import torch
import torch.nn as nn


class SmoothedMeter:
    """Exponential moving average for the progress line."""

    def __init__(self, beta=0.98):
        self.beta = beta
        self.avg = None

    def update(self, value):
        self.avg = value if self.avg is None else self.beta * self.avg + (1 - self.beta) * value
        return self.avg


class MatrixFactorization(nn.Module):
    def __init__(self, n_users, n_items, k):
        super().__init__()
        self.user = nn.Embedding(n_users, k)
        self.item = nn.Embedding(n_items, k)
        self.user_bias = nn.Embedding(n_users, 1)
        self.item_bias = nn.Embedding(n_items, 1)
        for emb in (self.user, self.item):
            nn.init.normal_(emb.weight, std=0.1)
        for emb in (self.user_bias, self.item_bias):
            nn.init.zeros_(emb.weight)

    def forward(self, u, i):
        dot = (self.user(u) * self.item(i)).sum(dim=1)
        return dot + self.user_bias(u).squeeze(1) + self.item_bias(i).squeeze(1)


def ratings(n_users=60, n_items=80, k=3):
    table = torch.randn(n_users, k) @ torch.randn(k, n_items) + 0.2 * torch.randn(n_users, n_items)
    u, i = torch.meshgrid(torch.arange(n_users), torch.arange(n_items), indexing="ij")
    return u.flatten(), i.flatten(), table.flatten()


torch.manual_seed(77)
users, items, stars = ratings()
shuffled = torch.randperm(len(stars))
train, test = shuffled[:3800], shuffled[3800:]

model = MatrixFactorization(60, 80, k=6)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.MSELoss()
meter = SmoothedMeter()

for step in range(1, 601):
    batch = train[torch.randint(0, len(train), (128,))]
    loss = criterion(model(users[batch], items[batch]), stars[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    smooth = meter.update(loss)
    if step % 150 == 0:
        print(f"step {step:5d} | smoothed loss {smooth.item():.4f}")

model.eval()
with torch.no_grad():
    rmse = criterion(model(users[test], items[test]), stars[test]).sqrt()
print(f"test rmse {rmse.item():.4f}")

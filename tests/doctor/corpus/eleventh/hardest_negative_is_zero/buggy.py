import torch
import torch.nn as nn
import torch.nn.functional as F


class BatchHardTriplet(nn.Module):
    """Batch-hard triplet loss on L2-normalised embeddings."""

    def __init__(self, margin=0.3):
        super().__init__()
        self.margin = margin

    def forward(self, emb, labels):
        sq = (2 - 2 * emb @ emb.t()).clamp(min=1e-8)
        dist = sq.sqrt()
        same = labels[:, None] == labels[None, :]
        eye = torch.eye(len(labels), dtype=torch.bool)
        hardest_pos = dist.masked_fill(~(same & ~eye), 0.0).max(dim=1).values
        hardest_neg = (dist * (~same).float()).min(dim=1).values
        return F.relu(hardest_pos - hardest_neg + self.margin).mean()


class Encoder(nn.Module):
    def __init__(self, d_in, d_out=8):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d_in, 64), nn.ReLU(), nn.Linear(64, d_out))

    def forward(self, x):
        return F.normalize(self.net(x), dim=-1)


def clusters(centers, per_class, noise):
    y = torch.arange(len(centers)).repeat_interleave(per_class)
    return centers[y] + noise * torch.randn(len(y), centers.shape[1]), y


def pk_batches(y, p, k, steps):
    """P classes x K samples per batch."""
    by_class = [torch.where(y == c)[0] for c in y.unique()]
    for _ in range(steps):
        chosen = torch.randperm(len(by_class))[:p].tolist()
        yield torch.cat([by_class[c][torch.randperm(len(by_class[c]))[:k]] for c in chosen])


@torch.no_grad()
def recall_at_1(model, x, y):
    model.eval()
    e = model(x)
    sim = e @ e.t()
    sim.fill_diagonal_(-2)
    return (y[sim.argmax(1)] == y).float().mean().item()


torch.manual_seed(9)
centers = torch.zeros(30, 32)
centers[:, :6] = 1.2 * torch.randn(30, 6)
x_train, y_train = clusters(centers[:20], 20, 0.6)
x_test, y_test = clusters(centers[20:], 20, 0.6)        # unseen classes
model, criterion = Encoder(32), BatchHardTriplet()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
print("before", round(recall_at_1(model, x_test, y_test), 3))
for epoch in range(6):
    model.train()
    for idx in pk_batches(y_train, 8, 4, 30):
        loss = criterion(model(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, round(loss.item(), 4), "R@1", round(recall_at_1(model, x_test, y_test), 3))

# Metric learning: batch-hard triplets, retrieval on classes never seen in training
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset


class PKSampler(Sampler):
    """Batches of P classes with K items each."""

    def __init__(self, labels, p, k, batches, seed=0):
        self.by_class = {int(c): np.flatnonzero(labels == c) for c in np.unique(labels)}
        self.p, self.k, self.batches = p, k, batches
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return self.batches

    def __iter__(self):
        classes = list(self.by_class)
        for _ in range(self.batches):
            picked = self.rng.choice(classes, self.p, replace=False)
            yield np.concatenate([self.rng.choice(self.by_class[int(c)], self.k, replace=False) for c in picked]).tolist()


def batch_hard(z, y, margin=0.2):
    d = torch.cdist(z, z)
    same = y[:, None] == y[None, :]
    eye = torch.eye(len(y), dtype=torch.bool)
    pos = d.masked_fill(~same | eye, -1.0).amax(1)
    neg = d.masked_fill(same, float("inf")).amin(1)
    return F.relu(pos - neg + margin).mean()


class Embed(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, dim))

    def forward(self, x):
        return F.normalize(self.f(x), dim=-1)


@torch.no_grad()
def recall_at_1(net, x, y):
    net.eval()
    z = net(x)
    sim = z @ z.T
    sim.fill_diagonal_(-2.0)
    return (y[sim.argmax(1)] == y).float().mean().item()


def main():
    torch.manual_seed(3)
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X / 16.0, dtype=torch.float32)
    y = torch.tensor(y)
    tr, va, te = y <= 4, (y == 5) | (y == 6), y >= 7

    sampler = PKSampler(y[tr].numpy(), p=4, k=8, batches=30)
    dl = DataLoader(TensorDataset(X[tr], y[tr]), batch_sampler=sampler)
    net = Embed()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    best = (-1.0, None)
    print(f"untrained recall@1 on unseen digits {recall_at_1(net, X[te], y[te]):.3f}")
    for epoch in range(8):
        net.train()
        total = 0.0
        for xb, yb in dl:
            loss = batch_hard(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        r = recall_at_1(net, X[va], y[va])
        print(f"epoch {epoch} triplet loss {total / len(dl):.4f} val recall@1 {r:.3f}")
        if r > best[0]:
            best = (r, {k: v.clone() for k, v in net.state_dict().items()})
    net.load_state_dict(best[1])
    print(f"recall@1 on unseen digits {recall_at_1(net, X[te], y[te]):.3f}")


if __name__ == "__main__":
    main()

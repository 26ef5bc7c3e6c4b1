"""MoCo: momentum key encoder, FIFO queue of negatives as a buffer; queue update by slices without gradient."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_blobs
from torch.utils.data import DataLoader, Dataset, random_split


class TwoViews(Dataset):
    def __init__(self, x, noise):
        self.x, self.noise = x, noise

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        x = self.x[i]
        return tuple(x + self.noise * torch.randn_like(x) for _ in range(2))


def encoder(d, p):
    # LayerNorm rather than BatchNorm: keys and queries of one batch must not exchange statistics
    return nn.Sequential(nn.Linear(d, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, p))


class MoCo(nn.Module):
    def __init__(self, d, p=16, queue=512, m=0.98, tau=0.2):
        super().__init__()
        self.q, self.k = encoder(d, p), encoder(d, p)
        self.k.load_state_dict(self.q.state_dict())
        for w in self.k.parameters():
            w.requires_grad = False
        self.m, self.tau = m, tau
        self.register_buffer("queue", F.normalize(torch.randn(queue, p), dim=1))
        self.register_buffer("ptr", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def keys(self, x):
        for a, b in zip(self.k.parameters(), self.q.parameters()):
            a.data.mul_(self.m).add_(b.data, alpha=1 - self.m)
        return F.normalize(self.k(x), dim=1)

    @torch.no_grad()
    def enqueue(self, k):
        rows = (self.ptr + torch.arange(len(k))) % len(self.queue)
        self.queue[rows] = k
        self.ptr.copy_((self.ptr + len(k)) % len(self.queue))

    def forward(self, xq, xk):
        q = F.normalize(self.q(xq), dim=1)
        k = self.keys(xk)
        pos = (q * k).sum(1, keepdim=True)
        neg = q @ self.queue.clone().T  # clone: the queue changes in place before backward
        self.enqueue(k)
        logits = torch.cat([pos, neg], 1) / self.tau
        return logits, torch.zeros(len(q), dtype=torch.long)  # the right answer is always column 0


def centroid_accuracy(model, x_fit, y_fit, x, y):
    model.eval()
    with torch.no_grad():
        f, g = (F.normalize(model.q(a), dim=1) for a in (x_fit, x))
        cent = F.normalize(torch.stack([f[y_fit == c].mean(0) for c in y_fit.unique()]), dim=1)
        acc = ((g @ cent.T).argmax(1) == y).float().mean().item()
    model.train()
    return acc


def main():
    torch.manual_seed(2)
    X, y = make_blobs(1500, n_features=10, centers=8, cluster_std=2.2, random_state=0)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    tr, te = (torch.tensor(s.indices) for s in random_split(range(len(X)), [1100, 400]))
    mu, sd = X[tr].mean(0), X[tr].std(0)
    X = (X - mu) / sd
    loader = DataLoader(TwoViews(X[tr], 0.3), batch_size=64, shuffle=True, drop_last=True)
    model = MoCo(10)
    opt = torch.optim.SGD(model.q.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=8)
    for epoch in range(8):
        top1 = n = 0
        for xq, xk in loader:
            logits, target = model(xq, xk)
            loss = F.cross_entropy(logits, target)
            opt.zero_grad()
            loss.backward()
            opt.step()
            top1 += (logits.argmax(1) == 0).sum().item()
            n += len(xq)
        sched.step()
        if epoch % 3 == 1:
            print(f"epoch {epoch} loss {loss.item():.3f} instance top1 {top1 / n:.3f} held-out {centroid_accuracy(model, X[tr], y[tr], X[te], y[te]):.3f}")


if __name__ == "__main__":
    main()

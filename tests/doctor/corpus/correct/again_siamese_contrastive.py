"""Siamese verification on digits: contrastive loss, threshold tuned on validation pairs only."""
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset


class PairDataset(Dataset):
    """Balanced same/different pairs drawn once from a given pool of images."""

    def __init__(self, x, y, n_pairs, seed):
        rng = np.random.default_rng(seed)
        by_class = {c: np.flatnonzero(y == c) for c in np.unique(y)}
        self.x = torch.from_numpy(x)
        self.pairs, self.same = [], []
        for k in range(n_pairs):
            i = int(rng.integers(len(y)))
            if k % 2 == 0:
                mates = by_class[y[i]]
                j = int(rng.choice(mates[mates != i]))
            else:
                j = int(rng.choice(np.flatnonzero(y != y[i])))
            self.pairs.append((i, j))
            self.same.append(float(k % 2 == 0))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, k):
        i, j = self.pairs[k]
        return self.x[i], self.x[j], torch.tensor(self.same[k])


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))

    def forward(self, x):
        return F.normalize(self.net(x), dim=1)


def contrastive(a, b, same, margin=1.0):
    d2 = (a - b).pow(2).sum(1)
    d = (d2 + 1e-8).sqrt()
    return (same * d2 + (1 - same) * F.relu(margin - d).pow(2)).mean()


def distances(model, loader):
    model.eval()
    ds, ts = [], []
    with torch.no_grad():
        for a, b, s in loader:
            ds.append((model(a) - model(b)).norm(dim=1))
            ts.append(s)
    return torch.cat(ds).numpy(), torch.cat(ts).numpy()


def main():
    torch.manual_seed(19)
    x, y = load_digits(return_X_y=True)
    x = (x / 16.0).astype(np.float32)
    x_rest, x_te, y_rest, y_te = train_test_split(x, y, test_size=0.25, stratify=y, random_state=19)
    x_tr, x_va, y_tr, y_va = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=19)
    train_dl = DataLoader(PairDataset(x_tr, y_tr, 3000, 1), batch_size=64, shuffle=True)
    val_dl = DataLoader(PairDataset(x_va, y_va, 800, 2), batch_size=256)
    test_dl = DataLoader(PairDataset(x_te, y_te, 800, 3), batch_size=256)
    model = Embedder()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(8):
        model.train()
        for a, b, s in train_dl:
            loss = contrastive(model(a), model(b), s)
            opt.zero_grad()
            loss.backward()
            opt.step()
        d, t = distances(model, val_dl)
        print(f"epoch {epoch + 1}: val auc {roc_auc_score(t, -d):.4f}")
    d, t = distances(model, val_dl)
    grid = np.linspace(0, 2, 201)
    thr = grid[np.argmax([((d < g) == (t > 0.5)).mean() for g in grid])]
    d, t = distances(model, test_dl)
    print(f"threshold {thr:.2f} | test auc {roc_auc_score(t, -d):.4f} acc {((d < thr) == (t > 0.5)).mean():.4f}")


if __name__ == "__main__":
    main()

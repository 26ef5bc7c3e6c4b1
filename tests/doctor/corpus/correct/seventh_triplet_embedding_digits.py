"""Metric learning on digits: triplet loss, evaluated with nearest neighbours."""
import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset


class TripletDataset(Dataset):
    """Anchor i with a random positive (same digit, other image) and a random negative."""

    def __init__(self, x, y):
        self.x, self.y = torch.from_numpy(x), y
        self.by_class = {c: np.flatnonzero(y == c) for c in np.unique(y)}
        self.others = {c: np.flatnonzero(y != c) for c in np.unique(y)}

    def __len__(self):
        return len(self.y)

    @staticmethod
    def _pick(pool):
        return int(pool[torch.randint(len(pool), (1,)).item()])

    def __getitem__(self, i):
        c = self.y[i]
        j = i
        while j == i:
            j = self._pick(self.by_class[c])
        k = self._pick(self.others[c])
        return self.x[i], self.x[j], self.x[k]


class EmbeddingNet(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, dim),
        )

    def forward(self, x):
        return F.normalize(self.net(x), dim=-1)


@torch.no_grad()
def embed(model, x):
    model.eval()
    return torch.cat([model(part) for part in torch.from_numpy(x).split(256)])


def knn_accuracy(model, x_ref, y_ref, x_query, y_query, k=5):
    ref, query = embed(model, x_ref), embed(model, x_query)
    nearest = torch.cdist(query, ref).topk(k, largest=False).indices
    votes = torch.from_numpy(y_ref)[nearest]
    pred = votes.mode(dim=1).values
    return (pred == torch.from_numpy(y_query)).float().mean().item()


def main():
    torch.manual_seed(2)
    d = load_digits()
    x = (d.images[:, None] / 16.0).astype(np.float32)
    x_dev, x_te, y_dev, y_te = train_test_split(x, d.target, test_size=0.2, stratify=d.target, random_state=2)
    x_tr, x_va, y_tr, y_va = train_test_split(x_dev, y_dev, test_size=0.2, stratify=y_dev, random_state=2)

    loader = DataLoader(TripletDataset(x_tr, y_tr), batch_size=64, shuffle=True)
    model = EmbeddingNet()
    criterion = nn.TripletMarginLoss(margin=0.3)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    best_acc, best_state = -1.0, None
    for epoch in range(8):
        model.train()
        loss_sum, active, n = 0.0, 0, 0
        for anchor, positive, negative in loader:
            # one pass for all three parts
            emb = model(torch.cat([anchor, positive, negative]))
            a, p, q = emb.chunk(3)
            loss = criterion(a, p, q)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                violated = F.pairwise_distance(a, p) + 0.3 > F.pairwise_distance(a, q)
            loss_sum += loss.item() * len(a)
            active += violated.sum().item()
            n += len(a)
        acc = knn_accuracy(model, x_tr, y_tr, x_va, y_va)
        print(f"epoch {epoch + 1}: loss {loss_sum / n:.4f}  active {active / n:.2f}  val 5-NN acc {acc:.3f}")
        if acc > best_acc:
            best_acc, best_state = acc, copy.deepcopy(model.state_dict())

    model.load_state_dict(best_state)
    print(f"test 5-NN accuracy {knn_accuracy(model, x_tr, y_tr, x_te, y_te):.3f}")


if __name__ == "__main__":
    main()

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset


class TripletDigits(Dataset):
    def __init__(self, x, y, seed=0):
        self.x, self.y = x, y
        self.rng = np.random.default_rng(seed)
        self.by_class = {c: np.flatnonzero(y == c) for c in np.unique(y)}

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        c = self.y[i]
        same = self.by_class[c]
        j = self.rng.choice(same[same != i])
        other = self.rng.choice([k for k in self.by_class if k != c])
        k = self.rng.choice(self.by_class[other])
        return self.x[i], self.x[j], self.x[k]


class EmbeddingNet(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 96), nn.PReLU(), nn.Linear(96, dim))

    def forward(self, x):
        return nn.functional.normalize(self.layers(x), dim=1)


def knn_accuracy(net, x_ref, y_ref, x, y, k=5):
    net.eval()
    with torch.no_grad():
        d = torch.cdist(net(x), net(x_ref))
    votes = torch.as_tensor(y_ref)[d.topk(k, largest=False).indices]
    return (votes.mode(dim=1).values == torch.as_tensor(y)).float().mean().item()


def train_one_epoch(net, loader, criterion, optimizer):
    net.train()
    total = 0.0
    for anchor, positive, negative in loader:
        e = net(torch.cat([anchor, positive, negative]))
        a, p, n = e.chunk(3)
        loss = criterion(a, p, n)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(anchor)
    return total / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(0)
    digits = load_digits()
    order = np.random.default_rng(1).permutation(len(digits.target))
    x = torch.tensor(digits.data[order] / 16, dtype=torch.float32)
    y = digits.target[order]
    cut = 1200
    loader = DataLoader(TripletDigits(x[:cut], y[:cut]), batch_size=60, shuffle=True)
    net = EmbeddingNet()
    criterion = nn.TripletMarginLoss(margin=0.5)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for epoch in range(6):
        loss = train_one_epoch(net, loader, criterion, optimizer)
        print(f"epoch {epoch}  loss {loss:.4f}  5-NN accuracy {knn_accuracy(net, x[:cut], y[:cut], x[cut:], y[cut:]):.3f}")

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Screening(nn.Module):
    def __init__(self, n_features, width=40, p=0.2):
        super().__init__()
        self.block = nn.Sequential(
            nn.Linear(n_features, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(p),
        )
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        return self.head(self.block(x)).squeeze(-1)


def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()


def evaluate(model, loader, threshold=0.5):
    model.eval()
    tp = fp = fn = 0
    with torch.no_grad():
        for xb, yb in loader:
            scores = torch.sigmoid(model(xb))
            flagged = scores >= threshold
            sick = yb.bool()
            tp += (flagged & sick).sum().item()
            fp += (flagged & ~sick).sum().item()
            fn += (~flagged & sick).sum().item()
    precision = tp / max(tp + fp, 1)
    recall = tp / max(tp + fn, 1)
    return precision, recall


def main():
    torch.manual_seed(31)
    x = torch.randn(2000, 10)
    y = torch.bernoulli(torch.sigmoid(2 * x[:, 0] - x[:, 1] - 0.5))
    train_set, val_set = random_split(TensorDataset(x, y), [1600, 400])
    train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=200)
    model = Screening(10)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(6):
        train_one_epoch(model, train_loader, optimizer, criterion)
        print(epoch, "precision %.3f recall %.3f" % evaluate(model, val_loader))


main()

import argparse

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import precision_recall_fscore_support
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset


def parse():
    p = argparse.ArgumentParser(description="readmission within 30 days")
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--threshold", type=float, default=0.5, help="call a patient at this risk or more")
    p.add_argument("--seed", type=int, default=7)
    return p.parse_args()


def patients(n, seed):
    """Eight measurements; a minority of the patients comes back."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 8)) * [15, 4, 1, 30, 2, 2, 8, 1] + [60, 27, 3, 120, 5, 4, 80, 0]
    age, bmi, stays = (x[:, 0] - 60) / 15, (x[:, 1] - 27) / 4, x[:, 2] - 3
    risk = -1.9 + 1.4 * stays + 0.9 * age * (age > 0) + 0.8 * np.abs(bmi)
    y = rng.random(n) < 1 / (1 + np.exp(-risk))
    return x.astype(np.float32), y.astype(np.float32)


def loaders(args):
    x, y = patients(3000, args.seed)
    x_tr, x_te, y_tr, y_te = train_test_split(x, y, test_size=0.3, stratify=y, random_state=args.seed)
    scaler = StandardScaler().fit(x_tr)

    def pack(a, b, shuffle):
        data = TensorDataset(torch.from_numpy(scaler.transform(a)), torch.from_numpy(b))
        return DataLoader(data, batch_size=args.batch_size, shuffle=shuffle)

    return pack(x_tr, y_tr, True), pack(x_te, y_te, False)


class RiskNet(nn.Module):
    def __init__(self, n_in, hidden=32):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Dropout(0.1),
                                    nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, x):
        return self.layers(x).squeeze(-1)


def predict(model, loader, threshold):
    model.eval()
    flags, truth = [], []
    with torch.no_grad():
        for x, y in loader:
            flags.append(torch.sigmoid(model(x)) > threshold)
            truth.append(y)
    return torch.cat(flags).long().numpy(), torch.cat(truth).long().numpy()


def main():
    args = parse()
    torch.manual_seed(args.seed)
    train_loader, test_loader = loaders(args)
    model = RiskNet(8)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        print(f"epoch {epoch:2d}  loss {total / len(train_loader.dataset):.4f}")

    flags, truth = predict(model, test_loader, args.threshold)
    precision, recall, f1, _ = precision_recall_fscore_support(truth, flags, average="binary", zero_division=0)
    print(f"risk >= {args.threshold}: precision {precision:.3f}  recall {recall:.3f}  f1 {f1:.3f}")


if __name__ == "__main__":
    main()

import argparse
import json
import logging
import sys

import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

logger = logging.getLogger(__name__)
SPECIES = ["adelie", "chinstrap", "gentoo"]


def parse_args():
    parser = argparse.ArgumentParser(description="penguin classifier")
    parser.add_argument("--hidden", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=12)
    return parser.parse_args()


def load_penguins(seed):
    rng = np.random.default_rng(seed)
    counts = [300, 140, 240]
    # bill length, bill depth, flipper length, body mass
    centres = np.array([[38.8, 18.3, 190, 3700], [48.8, 18.4, 196, 3730], [47.5, 15.0, 217, 5080]])
    spread = np.array([2.7, 1.2, 6.6, 460])
    x = np.concatenate([rng.normal(c, spread, (n, 4)) for c, n in zip(centres, counts)])
    y = np.repeat(np.arange(3), counts)
    order = rng.permutation(len(y))
    return x[order], y[order]


def confusion_matrix(model, loader, n_classes):
    cm = torch.zeros(n_classes, n_classes, dtype=torch.long)
    model.eval()
    with torch.no_grad():
        for xb, yb in loader:
            pred = model(xb).argmax(dim=1)
            cm += torch.bincount(yb * n_classes + pred, minlength=n_classes**2).view(n_classes, n_classes)
    return cm  # rows: truth, columns: prediction


def main():
    args = parse_args()
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logger.info("args %s", json.dumps(vars(args)))
    torch.manual_seed(args.seed)

    x, y = load_penguins(args.seed)
    n_train = int(0.75 * len(y))
    mean, std = x[:n_train].mean(0), x[:n_train].std(0)
    x = torch.tensor((x - mean) / std, dtype=torch.float32)
    y = torch.tensor(y)
    train_loader = DataLoader(TensorDataset(x[:n_train], y[:n_train]), batch_size=30, shuffle=True)
    test_loader = DataLoader(TensorDataset(x[n_train:], y[n_train:]), batch_size=64)

    model = nn.Sequential(nn.Linear(4, args.hidden), nn.ReLU(), nn.Linear(args.hidden, len(SPECIES)))
    counts = torch.bincount(y[:n_train], minlength=len(SPECIES)).float()
    criterion = nn.CrossEntropyLoss(weight=counts.sum() / (len(SPECIES) * counts))
    optimizer = optim.Adam(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)

    for epoch in range(args.epochs):
        model.train()
        losses = []
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        logger.info("epoch %02d mean batch loss %.4f", epoch, np.mean(losses))

    cm = confusion_matrix(model, test_loader, len(SPECIES))
    print(" " * 10 + " ".join(f"{s:>10}" for s in SPECIES))
    for name, row in zip(SPECIES, cm.tolist()):
        print(f"{name:>10}" + " ".join(f"{v:>10d}" for v in row))
    recall = cm.diag() / cm.sum(dim=1)
    precision = cm.diag() / cm.sum(dim=0).clamp(min=1)
    for name, p, r in zip(SPECIES, precision.tolist(), recall.tolist()):
        print(f"{name}: precision {p:.3f} recall {r:.3f}")
    print(f"accuracy {cm.diag().sum().item() / cm.sum().item():.3f}")


if __name__ == "__main__":
    main()

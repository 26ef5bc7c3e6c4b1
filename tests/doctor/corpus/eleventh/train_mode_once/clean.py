import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def build_data(n, generator):
    x = torch.randn(n, 12, generator=generator)
    score = x[:, 0] * x[:, 1] + x[:, 2] - 0.5 * x[:, 3]
    return TensorDataset(x, (score > 0).float())


def evaluate(model, loader):
    model.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for x, y in loader:
            preds = (model(x).squeeze(1) > 0).float()
            correct += (preds == y).sum().item()
            total += y.numel()
    return correct / total


def main(args):
    torch.manual_seed(args.seed)
    g = torch.Generator().manual_seed(args.seed)
    train_loader = DataLoader(build_data(1024, g), batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(build_data(400, g), batch_size=200)

    model = nn.Sequential(
        nn.Linear(12, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 1),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=0.01)
    criterion = nn.BCEWithLogitsLoss()

    for epoch in range(1, args.nepochs + 1):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x).squeeze(1), y)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}  test acc {evaluate(model, test_loader):.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", "-l", type=float, default=2e-3)
    parser.add_argument("--nepochs", "-e", type=int, default=6)
    parser.add_argument("--batch_size", "-b", type=int, default=64)
    parser.add_argument("--seed", type=int, default=13)
    main(parser.parse_args())

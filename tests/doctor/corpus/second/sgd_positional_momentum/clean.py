import argparse
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def get_args():
    ap = argparse.ArgumentParser()
    ap.add_argument("--lr", type=float, default=0.1)
    ap.add_argument("--l2", type=float, default=0.02)
    ap.add_argument("--epochs", type=int, default=40)
    ap.add_argument("--seed", type=int, default=5)
    return ap.parse_args()


def data(seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(360, 40, generator=g)
    y = (x[:, 0] + 0.5 * x[:, 1] + 0.8 * torch.randn(360, generator=g) > 0).float()
    return TensorDataset(x[:60], y[:60]), TensorDataset(x[60:], y[60:])


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    train_set, test_set = data(args.seed)
    loader = DataLoader(train_set, batch_size=20, shuffle=True)
    model = nn.Sequential(nn.Linear(40, 32), nn.ReLU(), nn.Linear(32, 1))
    opt = torch.optim.SGD(model.parameters(), args.lr, weight_decay=args.l2)
    crit = nn.BCEWithLogitsLoss()
    for _ in range(args.epochs):
        model.train()
        for xb, yb in loader:
            opt.zero_grad()
            crit(model(xb).squeeze(1), yb).backward()
            opt.step()
    model.eval()
    xt, yt = test_set.tensors
    with torch.no_grad():
        out = model(xt).squeeze(1)
        norm = sum(p.pow(2).sum() for p in model.parameters()).sqrt()
    print(f"test loss {crit(out, yt):.4f} acc {((out > 0) == (yt > 0.5)).float().mean():.3f} |w| {norm:.2f}")


if __name__ == "__main__":
    main()

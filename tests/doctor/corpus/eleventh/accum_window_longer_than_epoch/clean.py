import argparse
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--batch-size", type=int, default=16)
    p.add_argument("--accum-steps", type=int, default=8)
    p.add_argument("--epochs", type=int, default=60)
    p.add_argument("--lr", type=float, default=0.02)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def few_shot_data():
    x = torch.randn(296, 5)
    y = (x[:, 0] - x[:, 3] > 0).long()
    return TensorDataset(x[:96], y[:96]), TensorDataset(x[96:], y[96:])


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    train_set, eval_set = few_shot_data()
    loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    ce = nn.CrossEntropyLoss()

    step = 0
    optimizer.zero_grad()
    model.train()
    for epoch in range(args.epochs):
        for x, y in loader:
            loss = ce(model(x), y) / args.accum_steps
            loss.backward()
            step += 1
            if step % args.accum_steps == 0:
                optimizer.step()
                optimizer.zero_grad()

    model.eval()
    with torch.no_grad():
        x, y = eval_set.tensors
        print("eval acc", (model(x).argmax(1) == y).float().mean().item())


if __name__ == "__main__":
    main()

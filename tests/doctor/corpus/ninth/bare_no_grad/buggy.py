import argparse

import torch
from torch import nn


def make_series(steps):
    t = torch.arange(steps, dtype=torch.float32)
    noise = 0.1 * torch.randn(steps)
    return torch.sin(t / 6) + 0.5 * torch.sin(t / 17) + noise


def to_windows(series, width):
    # 창 하나는 과거 width개 값, 목표는 바로 다음 값
    frames = series.unfold(0, width + 1, 1)
    return frames[:, :width], frames[:, width:]


def train_one_epoch(model, x, y, optimizer, batch_size):
    model.train()
    for idx in torch.randperm(len(x)).split(batch_size):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x[idx]), y[idx])
        loss.backward()
        optimizer.step()


def validate(model, x, y, batch_size):
    model.eval()
    squared = 0.0
    torch.no_grad()
    for xb, yb in zip(x.split(batch_size), y.split(batch_size)):
        squared += ((model(xb) - yb) ** 2).sum().item()
    return squared / y.numel()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--width", type=int, default=24)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--lr", type=float, default=3e-3)
    p.add_argument("--seed", type=int, default=17)
    args = p.parse_args()

    torch.manual_seed(args.seed)
    series = make_series(1500)
    # 시간 순서대로 앞부분은 학습, 뒷부분은 검증
    train_x, train_y = to_windows(series[:1200], args.width)
    val_x, val_y = to_windows(series[1200:], args.width)
    model = nn.Sequential(nn.Linear(args.width, 48), nn.Tanh(), nn.Dropout(0.05), nn.Linear(48, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        train_one_epoch(model, train_x, train_y, optimizer, args.batch_size)
        print(f"[{epoch}] val mse {validate(model, val_x, val_y, args.batch_size):.4f}")


if __name__ == "__main__":
    main()

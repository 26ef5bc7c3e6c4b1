import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def get_loaders(batch_size):
    x = torch.randn(1500, 24)
    w1, w2 = torch.randn(24, 8) / 24 ** 0.5, torch.randn(8, 5)
    y = (torch.tanh(2 * x @ w1) @ w2).argmax(1)
    train = TensorDataset(x[:1200], y[:1200])
    val = TensorDataset(x[1200:], y[1200:])
    return DataLoader(train, batch_size=batch_size, shuffle=True), DataLoader(val, batch_size=100)


def train_epoch(model, loader, optimizer, scaler, device, max_norm):
    model.train()
    loss_sum = 0.0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device_type=device.type, dtype=torch.float16):
            loss = nn.functional.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        scaler.step(optimizer)
        scaler.update()
        loss_sum += loss.item() * len(y)
    return loss_sum / len(loader.dataset)


def validate(model, loader, device):
    model.eval()
    right = 0
    with torch.no_grad(), torch.autocast(device_type=device.type, dtype=torch.float16):
        for x, y in loader:
            right += (model(x.to(device)).argmax(1) == y.to(device)).sum().item()
    return right / len(loader.dataset)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=6)
    ap.add_argument("--batch-size", type=int, default=40)
    ap.add_argument("--lr", type=float, default=0.1)
    ap.add_argument("--max-norm", type=float, default=1.0)
    args = ap.parse_args()
    torch.manual_seed(100)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train_loader, val_loader = get_loaders(args.batch_size)
    model = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 5)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
    scaler = torch.amp.GradScaler(device.type)
    for epoch in range(args.epochs):
        loss = train_epoch(model, train_loader, optimizer, scaler, device, args.max_norm)
        print(f"epoch {epoch}  loss {loss:.4f}  val acc {validate(model, val_loader, device):.3f}")


if __name__ == "__main__":
    main()

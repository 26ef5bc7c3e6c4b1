import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
MAX_NORM = 2.0


def blobs(n, centers, spread):
    y = torch.randint(len(centers), (n,))
    return centers[y] + spread * torch.randn(n, centers.shape[1]), y


def build(width=64, n_in=16, n_out=5):
    return nn.Sequential(
        nn.Linear(n_in, width), nn.LayerNorm(width), nn.ReLU(),
        nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU(),
        nn.Linear(width, n_out),
    ).to(DEVICE)


def train_epoch(model, loader, optimizer, scaler, loss_fn):
    model.train()
    total, n = 0.0, 0
    for xb, yb in loader:
        xb, yb = xb.to(DEVICE), yb.to(DEVICE)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(DEVICE, dtype=torch.float16):
            loss = loss_fn(model(xb), yb)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        scaler.step(optimizer)
        scaler.update()
        total += loss.item() * len(xb)
        n += len(xb)
    return total / n


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    hits = n = 0
    for xb, yb in loader:
        hits += (model(xb.to(DEVICE)).argmax(1).cpu() == yb).sum().item()
        n += len(yb)
    return hits / n


def main():
    torch.manual_seed(5)
    centers = torch.randn(5, 16)
    train_dl = DataLoader(TensorDataset(*blobs(800, centers, 1.2)), batch_size=40, shuffle=True)
    test_dl = DataLoader(TensorDataset(*blobs(300, centers, 1.2)), batch_size=100)
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    scaler = torch.amp.GradScaler(DEVICE)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(4):
        loss = train_epoch(model, train_dl, optimizer, scaler, loss_fn)
        print(f"{epoch}  loss {loss:.4f}  acc {accuracy(model, test_dl):.3f}")


main()

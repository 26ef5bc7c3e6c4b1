import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def fit_one_epoch(model, loader, opt, loss_fn):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        loss_fn(model(xb), yb).backward()
        opt.step()


@torch.no_grad()
def validate(model, loader, loss_fn):
    model.eval()
    total = 0.0
    for xb, yb in loader:
        total += loss_fn(model(xb), yb).item() * len(xb)
    return total / len(loader.dataset)


def main():
    torch.manual_seed(50)
    x = torch.randn(300, 10)
    y = x[:, :2].prod(1, keepdim=True) + 0.3 * torch.randn(300, 1)
    train_loader = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=22, shuffle=True)
    valid_loader = DataLoader(TensorDataset(x[220:], y[220:]), batch_size=40)
    model = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 1))
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    mse = nn.MSELoss()
    print("train", len(train_loader), "valid", len(valid_loader))
    for epoch in range(8):
        fit_one_epoch(model, train_loader, opt, mse)
        print(epoch, "valid mse", validate(model, valid_loader, mse))


if __name__ == "__main__":
    main()

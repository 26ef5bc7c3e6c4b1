import torch
import torch.nn as nn
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader, TensorDataset

config = {
    "seed": 10,
    "max_epoch": 12,
    "batch_size": 32,
    "optimizer": {"lr": 0.08, "momentum": 0.9, "weight_decay": 1e-4},
}


def get_optimizer_and_scheduler(model, steps_per_epoch):
    optimizer = torch.optim.SGD(model.parameters(), **config["optimizer"])
    scheduler = CosineAnnealingLR(optimizer, T_max=config["max_epoch"])
    return optimizer, scheduler


def main():
    torch.manual_seed(config["seed"])
    x = torch.rand(960, 4) * 2 - 1
    y = torch.cos(4 * x[:, :1]) + x[:, 1:2] * x[:, 2:3] + 0.1 * torch.randn(960, 1)
    train_loader = DataLoader(TensorDataset(x[:800], y[:800]), batch_size=config["batch_size"], shuffle=True)
    model = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 1))
    optimizer, scheduler = get_optimizer_and_scheduler(model, len(train_loader))
    loss_fn = nn.MSELoss()

    for epoch in range(config["max_epoch"]):
        model.train()
        epoch_loss = 0.0
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            optimizer.step()
            scheduler.step()  # per optimizer step
            epoch_loss += loss.item() * len(xb)
        model.eval()
        with torch.no_grad():
            val = loss_fn(model(x[800:]), y[800:]).item()
        lr = optimizer.param_groups[0]["lr"]
        print("Epoch [{:2d}/{}] lr {:.4f} train {:.4f} val {:.4f}".format(
            epoch + 1, config["max_epoch"], lr, epoch_loss / 800, val))


if __name__ == "__main__":
    main()

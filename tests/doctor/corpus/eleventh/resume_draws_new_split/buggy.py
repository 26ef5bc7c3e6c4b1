import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

config = {
    "batch_size": 20,
    "hidden": 256,
    "lr": 3e-3,
    "val_size": 100,
    "checkpoint": "session.pt",
}


def load_dataset():
    gen = torch.Generator().manual_seed(99)
    x = torch.randn(400, 20, generator=gen)
    y = (x[:, 0] + x[:, 1] + 1.0 * torch.randn(400, generator=gen) > 0).long()
    return TensorDataset(x, y)


def get_loaders():
    dataset = load_dataset()
    sizes = [len(dataset) - config["val_size"], config["val_size"]]
    train_set, val_set = random_split(dataset, sizes)
    return (
        DataLoader(train_set, batch_size=config["batch_size"], shuffle=True),
        DataLoader(val_set, batch_size=config["val_size"]),
    )


def train_session(n_epochs):
    """One cluster job. Continues from the checkpoint when there is one."""
    train_loader, val_loader = get_loaders()
    model = nn.Sequential(nn.Linear(20, config["hidden"]), nn.ReLU(), nn.Linear(config["hidden"], 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=config["lr"])
    epoch = 0
    if os.path.isfile(config["checkpoint"]):
        ckpt = torch.load(config["checkpoint"], weights_only=True)
        model.load_state_dict(ckpt["model"])
        optimizer.load_state_dict(ckpt["optimizer"])
        epoch = ckpt["epoch"]

    for epoch in range(epoch + 1, epoch + n_epochs + 1):
        model.train()
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(xb), yb)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            acc = torch.cat([(model(xb).argmax(1) == yb).float() for xb, yb in val_loader]).mean().item()
        if epoch % 4 == 0:
            print(f"epoch {epoch}: train loss {loss.item():.3f} val acc {acc:.3f}")

    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, config["checkpoint"])


if __name__ == "__main__":
    torch.manual_seed(5)
    train_session(16)  # monday
    print("--- job restarted ---")
    train_session(8)  # tuesday
    os.remove(config["checkpoint"])

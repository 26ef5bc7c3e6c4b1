import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

config = {
    "seed": 5,
    "lr": 0.1,
    "micro_batch": 8,
    "accum_steps": 8,   # effective batch 64
    "epochs": 6,
}


def build_data(seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(1280, 24, generator=g)
    w = torch.randn(24, 5, generator=g)
    y = (x @ w + torch.randn(1280, 5, generator=g)).argmax(1)
    train = TensorDataset(x[:1024], y[:1024])
    val = TensorDataset(x[1024:], y[1024:])
    return train, val


def run(config):
    torch.manual_seed(config["seed"])
    train, val = build_data(config["seed"])
    # 1024 samples = 128 micro batches = 16 full windows
    loader = DataLoader(train, batch_size=config["micro_batch"], shuffle=True)
    val_loader = DataLoader(val, batch_size=64)
    model = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 5))
    optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=0.9)
    criterion = nn.CrossEntropyLoss()

    for epoch in range(config["epochs"]):
        model.train()
        for step, (xb, yb) in enumerate(loader):
            optimizer.zero_grad()
            loss = criterion(model(xb), yb) / config["accum_steps"]
            loss.backward()
            if (step + 1) % config["accum_steps"] == 0:
                optimizer.step()

        model.eval()
        correct = 0
        with torch.no_grad():
            for xb, yb in val_loader:
                correct += (model(xb).argmax(1) == yb).sum().item()
        print(f"epoch {epoch + 1} val acc {correct / len(val):.3f}")


run(config)

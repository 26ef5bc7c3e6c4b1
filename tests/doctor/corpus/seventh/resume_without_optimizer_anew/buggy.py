import tempfile
from pathlib import Path

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import CosineAnnealingLR

TOTAL_EPOCHS = 14
BATCH = 32


def waves(n, seed):
    gen = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 2, generator=gen) * 4 - 2
    y = torch.sin(3 * x[:, :1]) * torch.cos(2 * x[:, 1:])
    return x, y + 0.1 * torch.randn(n, 1, generator=gen)


def new_session():
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = CosineAnnealingLR(optimizer, T_max=TOTAL_EPOCHS)
    return model, optimizer, scheduler


def save(path, epoch, model, optimizer, scheduler):
    torch.save(
        {
            "epoch": epoch,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
        },
        path,
    )


def restore(path, model, optimizer, scheduler):
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu")
    model.load_state_dict(state["model"])
    scheduler.load_state_dict(state["scheduler"])
    return state["epoch"] + 1


def run(path, last_epoch):
    """Train up to (not including) last_epoch; continues from the file if there is one."""
    x, y = waves(1000, seed=0)
    x_val, y_val = waves(400, seed=1)
    model, optimizer, scheduler = new_session()
    first = restore(path, model, optimizer, scheduler)
    val = None
    for epoch in range(first, last_epoch):
        model.train()
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(1000 + epoch))
        for idx in order.split(BATCH):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x[idx]), y[idx]).backward()
            optimizer.step()
        scheduler.step()
        model.eval()
        with torch.no_grad():
            val = nn.functional.mse_loss(model(x_val), y_val).item()
        save(path, epoch, model, optimizer, scheduler)
        print(f"epoch {epoch:2d}  validation mse {val:.4f}")
    return val


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "session.pt"
        run(file, last_epoch=9)
        print("-- new session --")
        final = run(file, last_epoch=TOTAL_EPOCHS)
        print(f"final validation mse {final:.4f}")

import tempfile
from pathlib import Path

import torch
import torch.nn as nn


def save(folder, epoch, net, opt):
    torch.save({"epoch": epoch, "net": net.state_dict(), "opt": opt.state_dict()}, folder / f"epoch_{epoch}.pt")


def latest(folder):
    files = sorted(folder.glob("epoch_*.pt"), key=lambda p: int(p.stem.split("_")[1]))
    return files[-1] if files else None


def resume(folder, net, opt):
    path = latest(folder)
    if path is None:
        return 0
    state = torch.load(path, weights_only=True)
    net.load_state_dict(state["net"])
    opt.load_state_dict(state["opt"])
    return state["epoch"] + 1


def make():
    net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
    return net, torch.optim.Adam(net.parameters(), lr=3e-3)


def train(folder, x, y, until):
    net, opt = make()
    for epoch in range(resume(folder, net, opt), until):
        net.train()
        for idx in torch.randperm(len(x)).split(25):
            opt.zero_grad()
            nn.functional.mse_loss(net(x[idx]), y[idx]).backward()
            opt.step()
        save(folder, epoch, net, opt)
    return net


def main():
    torch.manual_seed(15)
    x = torch.randn(600, 6)
    y = (x[:, :1] * x[:, 1:2]).tanh() + x[:, 2:3]
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp)
        train(folder, x[:500], y[:500], until=12)
        # second job: continues where the first one ended
        net = train(folder, x[:500], y[:500], until=16)
        net.eval()
        with torch.no_grad():
            print("test mse", nn.functional.mse_loss(net(x[500:]), y[500:]).item())
        # deployment: the newest file goes out
        deployed, _ = make()
        deployed.load_state_dict(torch.load(latest(folder), weights_only=True)["net"])
        deployed.eval()
        with torch.no_grad():
            print("deployed mse", nn.functional.mse_loss(deployed(x[500:]), y[500:]).item())


if __name__ == "__main__":
    main()

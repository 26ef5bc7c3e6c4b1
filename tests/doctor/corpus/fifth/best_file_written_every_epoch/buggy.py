import torch
from torch import nn
from pathlib import Path
from tempfile import TemporaryDirectory

torch.manual_seed(19)
a = torch.randn(8)


def draw(n):
    x = torch.randn(n, 8)
    return x, ((x @ a).abs() + 0.5 * torch.randn(n)).unsqueeze(1)


(xt, yt), (xv, yv), (xs, ys) = draw(120), draw(200), draw(1000)
crit = nn.L1Loss()


def mae(net, x, y):
    net.eval()
    with torch.no_grad():
        return crit(net(x), y).item()


with TemporaryDirectory() as folder:
    best_file = Path(folder) / "best.pth"
    net = nn.Sequential(nn.Linear(8, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1))
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    best, best_epoch = 1e9, -1
    for epoch in range(60):
        net.train()
        for i in torch.randperm(120).split(24):
            opt.zero_grad()
            crit(net(xt[i]), yt[i]).backward()
            opt.step()
        val = mae(net, xv, yv)
        if val < best:
            best = val
            best_epoch = epoch
        torch.save({"net": net.state_dict(), "epoch": epoch, "val": val}, best_file)

    saved = torch.load(best_file)
    net.load_state_dict(saved["net"])
    print("best epoch", best_epoch, "val", round(best, 4))
    print("test MAE", round(mae(net, xs, ys), 4))

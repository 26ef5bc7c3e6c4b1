import itertools
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(12)
x = torch.randn(900, 5)
y = torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * torch.randn(900)
y = y.unsqueeze(1)
tr, va, te = slice(0, 500), slice(500, 700), slice(700, 900)


def train(cfg):
    torch.manual_seed(cfg["seed"])
    net = nn.Sequential(nn.Linear(5, cfg["width"]), nn.ReLU(), nn.Linear(cfg["width"], 1))
    opt = torch.optim.Adam(net.parameters(), lr=cfg["lr"])
    xt, yt = x[tr], y[tr]
    for _ in range(cfg["epochs"]):
        net.train()
        for idx in torch.randperm(len(xt)).split(50):
            opt.zero_grad()
            F.mse_loss(net(xt[idx]), yt[idx]).backward()
            opt.step()
    return net.eval()


@torch.no_grad()
def score(net, part):
    return F.mse_loss(net(x[part]), y[part]).item()


cfg = {"seed": 0, "epochs": 12, "lr": None, "width": None}
best_mse, best_cfg = float("inf"), None
for lr, width in itertools.product([1e-2, 1e-3, 1e-4], [64, 8]):
    cfg["lr"] = lr
    cfg["width"] = width
    mse = score(train(cfg), va)
    print(f"lr {lr:g} width {width:3d} -> val mse {mse:.4f}")
    if mse < best_mse:
        best_mse = mse
        best_cfg = dict(cfg)

print("best val mse", round(best_mse, 4))
final = train(best_cfg)
print("test mse of the chosen configuration", round(score(final, te), 4))

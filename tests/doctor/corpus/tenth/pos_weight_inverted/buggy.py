import torch
import torch.nn as nn

CFG = {
    "seed": 21,
    "lr": 1e-2,
    "epochs": 15,
    "batch_size": 128,
    "hidden": 16,
}


def load_transactions(n, g):
    x = torch.randn(n, 8, generator=g)
    score = x[:, 0] + 0.8 * x[:, 1] * x[:, 2] + 0.7 * torch.randn(n, generator=g)
    y = (score > 2.2).float()  # roughly 5 % frauds
    return x, y


def recall_precision(prob, y, thr=0.5):
    hit = prob > thr
    tp = (hit & (y == 1)).sum().item()
    return tp / max(int(y.sum()), 1), tp / max(int(hit.sum()), 1)


def main(cfg):
    torch.manual_seed(cfg["seed"])
    g = torch.Generator().manual_seed(cfg["seed"])
    x_tr, y_tr = load_transactions(4000, g)
    x_va, y_va = load_transactions(2000, g)

    n_pos = y_tr.sum()
    n_neg = len(y_tr) - n_pos
    print(f"{int(n_pos)} frauds, {int(n_neg)} regular transactions")
    criterion = nn.BCEWithLogitsLoss(pos_weight=n_pos / n_neg)

    net = nn.Sequential(nn.Linear(8, cfg["hidden"]), nn.Tanh(), nn.Linear(cfg["hidden"], 1), nn.Flatten(0))
    opt = torch.optim.Adam(net.parameters(), lr=cfg["lr"])
    for _ in range(cfg["epochs"]):
        net.train()
        for idx in torch.randperm(len(x_tr)).split(cfg["batch_size"]):
            opt.zero_grad()
            criterion(net(x_tr[idx]), y_tr[idx]).backward()
            opt.step()

    net.eval()
    with torch.no_grad():
        r, p = recall_precision(torch.sigmoid(net(x_va)), y_va)
    print(f"val recall {r:.3f}  precision {p:.3f}")


main(CFG)

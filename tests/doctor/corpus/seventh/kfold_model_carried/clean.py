"""5-fold cross-validation of a small regressor on the diabetes table."""
import numpy as np
import torch
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold
from torch import nn

CFG = {"hidden": 48, "lr": 3e-3, "wd": 1e-4, "epochs": 40, "bs": 64, "folds": 5, "seed": 11}


def make_net(n_in, hidden):
    return nn.Sequential(
        nn.Linear(n_in, hidden),
        nn.SiLU(),
        nn.Linear(hidden, hidden),
        nn.SiLU(),
        nn.Linear(hidden, 1),
        nn.Flatten(0),
    )


def make_optim(net):
    return torch.optim.AdamW(net.parameters(), lr=CFG["lr"], weight_decay=CFG["wd"])


def moments(a):
    return a.mean(0), a.std(0) + 1e-8


def run_epoch(net, optim, x, y):
    net.train()
    for idx in torch.randperm(len(x)).split(CFG["bs"]):
        optim.zero_grad(set_to_none=True)
        loss = nn.functional.huber_loss(net(x[idx]), y[idx])
        loss.backward()
        optim.step()


@torch.inference_mode()
def r2(net, x, y):
    net.eval()
    resid = (y - net(x)).pow(2).sum()
    total = (y - y.mean()).pow(2).sum()
    return 1.0 - (resid / total).item()


def main():
    torch.manual_seed(CFG["seed"])
    data, target = load_diabetes(return_X_y=True)
    data, target = data.astype(np.float32), target.astype(np.float32)
    splitter = KFold(CFG["folds"], shuffle=True, random_state=CFG["seed"])
    scores = []
    for fold, (tr, va) in enumerate(splitter.split(data)):
        net = make_net(data.shape[1], CFG["hidden"])
        optim = make_optim(net)
        mx, sx = moments(data[tr])
        my, sy = moments(target[tr])
        x_tr, x_va = (torch.from_numpy((data[i] - mx) / sx) for i in (tr, va))
        y_tr, y_va = (torch.from_numpy((target[i] - my) / sy) for i in (tr, va))
        for _ in range(CFG["epochs"]):
            run_epoch(net, optim, x_tr, y_tr)
        scores.append(r2(net, x_va, y_va))
        print(f"fold {fold}: R2 = {scores[-1]:.3f}")
    print(f"mean R2 {np.mean(scores):.3f} +- {np.std(scores):.3f}")


if __name__ == "__main__":
    main()

import io
import argparse
import torch
from torch import nn
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler


class Checkpoint:
    def __init__(self, model, best=float("inf")):
        self.best = best
        self.buffer = io.BytesIO()
        torch.save(model.state_dict(), self.buffer)

    def update(self, loss, model):
        if loss < self.best:
            self.best = loss
            self.buffer = io.BytesIO()
            torch.save(model.state_dict(), self.buffer)

    def restore(self, model):
        self.buffer.seek(0)
        model.load_state_dict(torch.load(self.buffer, weights_only=True))


def split(seed):
    X, y = load_diabetes(return_X_y=True)
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(seed)).numpy()
    tr, va, te = order[:280], order[280:360], order[360:]
    sx, sy = StandardScaler().fit(X[tr]), StandardScaler().fit(y[tr, None])
    f = lambda i: (torch.tensor(sx.transform(X[i])).float(), torch.tensor(sy.transform(y[i, None])).float())
    return f(tr), f(va), f(te)


def loss_on(model, part):
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(part[0]), part[1]).item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=80)
    ap.add_argument("--lr", type=float, default=1e-3)
    ap.add_argument("--seed", type=int, default=0)
    a = ap.parse_args()
    torch.manual_seed(a.seed)
    train, val, test = split(a.seed)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=a.lr)
    ckpt = Checkpoint(model)
    for epoch in range(a.epochs):
        model.train()
        for i in torch.randperm(280).split(28):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(train[0][i]), train[1][i]).backward()
            optimizer.step()
        ckpt.update(loss_on(model, val), model)
    ckpt.restore(model)
    print("test MSE of the kept model:", loss_on(model, test))


if __name__ == "__main__":
    main()

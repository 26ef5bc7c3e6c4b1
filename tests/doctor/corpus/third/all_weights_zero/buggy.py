import math
import torch as th
from torch import nn
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold


def init_(m):
    if isinstance(m, nn.Linear):
        nn.init.zeros_(m.weight)
        nn.init.zeros_(m.bias)


class Funnel(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.a = nn.Linear(i, 24)
        self.b = nn.Linear(24, 24)
        self.c = nn.Linear(24, 24)
        self.out = nn.Linear(24, o)
        self.act = nn.ReLU()
        self.apply(init_)

    def forward(self, x):
        x = self.act(self.a(x))
        x = self.act(self.b(x))
        x = self.act(self.c(x))
        return self.out(x)


def fold_score(X, y, tr, te):
    # statistics of the training fold only
    m, s = X[tr].mean(0), X[tr].std(0)
    X = (X - m) / s
    f = Funnel(X.shape[1], 3)
    opt = th.optim.RMSprop(f.parameters(), lr=1e-3)
    for ep in range(25):
        f.train()
        for i in th.from_numpy(tr)[th.randperm(len(tr))].split(16):
            opt.zero_grad()
            nn.functional.cross_entropy(f(X[i]), y[i]).backward()
            opt.step()
    f.eval()
    with th.no_grad():
        return (f(X[te]).argmax(1) == y[te]).double().mean().item()


if __name__ == "__main__":
    th.manual_seed(10)
    d = load_wine()
    X, y = th.tensor(d.data, dtype=th.float32), th.tensor(d.target)
    cv = StratifiedKFold(4, shuffle=True, random_state=0)
    scores = [fold_score(X, y, tr, te) for tr, te in cv.split(d.data, d.target)]
    mean = sum(scores) / len(scores)
    sd = math.sqrt(sum((s - mean) ** 2 for s in scores) / (len(scores) - 1))
    print(f"accuracy {mean:.3f} +- {sd:.3f}")

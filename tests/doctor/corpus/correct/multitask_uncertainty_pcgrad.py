"""Regression + classification with partly missing labels: homoscedastic uncertainty weights and PCGrad on the shared trunk."""
import random

import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from torch import nn


class Net(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(d, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU())
        self.heads = nn.ModuleDict({"reg": nn.Linear(48, 1), "cls": nn.Linear(48, 1)})

    def forward(self, x):
        h = self.trunk(x)
        return {k: m(h).squeeze(-1) for k, m in self.heads.items()}


class Uncertainty(nn.Module):
    """exp(-s) L + s/2-type weighting (Kendall et al.); the total may become negative."""

    def __init__(self, names):
        super().__init__()
        self.s = nn.ParameterDict({n: nn.Parameter(torch.zeros(())) for n in names})

    def forward(self, losses):
        half = {"reg": 0.5, "cls": 1.0}
        return {n: half[n] * torch.exp(-self.s[n]) * l + 0.5 * self.s[n] for n, l in losses.items()}


def losses(out, reg, cls):
    seen = ~reg.isnan()
    l_reg = F.mse_loss(out["reg"][seen], reg[seen]) if seen.any() else out["reg"].sum() * 0.0
    return {"reg": l_reg, "cls": F.binary_cross_entropy_with_logits(out["cls"], cls)}


def pcgrad(grads, rng):
    """Every task's gradient loses its component against the others, then all are added."""
    flat = [torch.cat([g.flatten() for g in gs]) for gs in grads]
    out = []
    for i, g in enumerate(flat):
        g = g.clone()
        for j in rng.sample([k for k in range(len(flat)) if k != i], len(flat) - 1):
            dot = g @ flat[j]
            if dot < 0:
                g -= dot / flat[j].square().sum() * flat[j]
        out.append(g)
    return sum(out)


def backward(weighted, shared, own, rng):
    names = list(weighted)
    grads = [torch.autograd.grad(weighted[n], shared, retain_graph=True) for n in names]
    merged, at = pcgrad(grads, rng), 0
    for p in shared:
        p.grad = merged[at:at + p.numel()].view_as(p).clone()
        at += p.numel()
    for p, g in zip(own, torch.autograd.grad(sum(weighted.values()), own)):
        p.grad = g


@torch.no_grad()
def evaluate(net, x, reg, cls, unit):
    net.eval()
    out = net(x)
    net.train()
    return {"rmse": round(((out["reg"] - reg).square().mean().sqrt() * unit).item(), 2),
            "acc": round(((out["cls"] > 0) == cls.bool()).float().mean().item(), 3)}


def main(epochs=12):
    torch.manual_seed(0)
    rng = random.Random(0)
    X, y = load_diabetes(return_X_y=True)
    sex = (X[:, 1] > 0).astype("float32")  # second task: predict this column, which is taken out of the inputs
    X = X[:, [i for i in range(X.shape[1]) if i != 1]]
    parts = train_test_split(X, y, sex, test_size=0.25, random_state=0)
    xt, xv, yt, yv, ct, cv = (torch.tensor(p, dtype=torch.float32) for p in parts)
    mx, sx, my, sy = xt.mean(0), xt.std(0), yt.mean(), yt.std()
    xt, xv, yt, yv = (xt - mx) / sx, (xv - mx) / sx, (yt - my) / sy, (yv - my) / sy
    yt[torch.rand(len(yt)) < 0.3] = float("nan")  # 30 % of the training targets are unknown; validation is complete
    net, weigh = Net(xt.size(1)), Uncertainty(["reg", "cls"])
    shared = list(net.trunk.parameters())
    own = [*net.heads.parameters(), *weigh.parameters()]
    opt = torch.optim.AdamW([
        {"params": [*shared, *net.heads.parameters()], "weight_decay": 1e-2},
        {"params": weigh.parameters(), "weight_decay": 0.0, "lr": 1e-2},
    ], lr=2e-3)
    for epoch in range(epochs):
        for rows in torch.randperm(len(xt)).split(32):
            weighted = weigh(losses(net(xt[rows]), yt[rows], ct[rows]))
            backward(weighted, shared, own, rng)  # every .grad is overwritten, so there is nothing to zero
            opt.step()
        if epoch % 4 == 3:
            w = {n: round(s.neg().exp().item(), 2) for n, s in weigh.s.items()}
            print(f"epoch {epoch + 1} {evaluate(net, xv, yv, cv, sy)} weights {w}")


if __name__ == "__main__":
    main()

"""Bagging by hand: every member sees its own bootstrap sample; out-of-bag rows serve as validation."""
from dataclasses import dataclass, field
from typing import List

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Subset, TensorDataset


@dataclass
class Member:
    net: nn.Module
    bag: torch.Tensor
    out_of_bag: torch.Tensor
    oob_accuracy: float = float("nan")


@dataclass
class Ensemble:
    members: List[Member] = field(default_factory=list)

    @torch.no_grad()
    def log_proba(self, x):
        """log of the mean probability, not the mean of the log: logsumexp over members minus log M"""
        logs = torch.stack([F.log_softmax(m.net.eval()(x), dim=1) for m in self.members])
        return torch.logsumexp(logs, dim=0) - torch.log(torch.tensor(float(len(self.members))))

    def vote(self, x):
        return self.log_proba(x).argmax(1)

    @torch.no_grad()
    def disagreement(self, x):
        """mutual information between prediction and member: H(mean p) - mean H(p)"""
        probs = torch.stack([m.net.eval()(x).softmax(1) for m in self.members])
        entropy = lambda p: -(p * p.clamp_min(1e-12).log()).sum(-1)
        return entropy(probs.mean(0)) - entropy(probs).mean(0)


def new_net():
    return nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))


def train_member(data, seed, epochs=12):
    g = torch.Generator().manual_seed(1000 + seed)
    torch.manual_seed(seed)                    # other initial weights for each member
    n = len(data)
    bag = torch.randint(n, (n,), generator=g)  # with replacement: repeated rows are the point
    mask = torch.ones(n, dtype=torch.bool)
    mask[bag] = False
    oob = mask.nonzero().flatten()
    net = new_net()
    opt = torch.optim.RMSprop(net.parameters(), lr=5e-3)
    loader = DataLoader(Subset(data, bag.tolist()), batch_size=32, shuffle=True, generator=g)
    for _ in range(epochs):
        for xb, yb in loader:
            loss = F.cross_entropy(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
    x, y = data.tensors
    with torch.no_grad():
        acc = (net.eval()(x[oob]).argmax(1) == y[oob]).float().mean().item()
    return Member(net, bag, oob, acc)


def calibration_error(logp, y, bins=8):
    conf, pred = logp.exp().max(1)
    right = (pred == y).float()
    edge = torch.linspace(0, 1, bins + 1)[1:-1]
    which = torch.bucketize(conf, edge)
    ece = 0.0
    for b in range(bins):
        inside = which == b
        if inside.any():
            ece += inside.float().mean() * (right[inside].mean() - conf[inside].mean()).abs()
    return float(ece)


def main():
    x, y = make_moons(900, noise=0.25, random_state=0)
    x_tr, x_te, y_tr, y_te = train_test_split(x, y, test_size=300, random_state=0, stratify=y)
    data = TensorDataset(torch.tensor(x_tr).float(), torch.tensor(y_tr))
    x_te, y_te = torch.tensor(x_te).float(), torch.tensor(y_te)
    ens = Ensemble([train_member(data, seed) for seed in range(5)])
    for i, m in enumerate(ens.members):
        with torch.no_grad():
            single = F.cross_entropy(m.net(x_te), y_te).item()
        print(f"member {i}: bag holds {m.bag.unique().numel()} rows, oob acc {m.oob_accuracy:.3f}, test nll {single:.4f}")
    logp = ens.log_proba(x_te)
    print(f"ensemble nll {F.nll_loss(logp, y_te).item():.4f} acc {(ens.vote(x_te) == y_te).float().mean().item():.3f}")
    print(f"calibration error {calibration_error(logp, y_te):.4f}")
    near_and_far = torch.tensor([[0.5, 0.25], [6.0, -6.0]])
    print("disagreement", ens.disagreement(near_and_far).tolist())


if __name__ == "__main__":
    main()

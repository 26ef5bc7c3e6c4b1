"""Deep ensemble trained in one go: stacked weights, vmap over members, optimizer on plain tensors (no nn.Module owns them)."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from torch.func import functional_call, stack_module_state, vmap

MEMBERS = 5


def member():
    return nn.Sequential(nn.Linear(30, 24), nn.Tanh(), nn.Dropout(0.2), nn.Linear(24, 2))


def prepare(seed=0):
    X, y = load_breast_cancer(return_X_y=True)
    Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.35, stratify=y, random_state=seed)
    mu, sigma = Xtr.mean(0), Xtr.std(0)
    f = lambda a: torch.tensor((a - mu) / sigma, dtype=torch.float32)
    return f(Xtr), torch.tensor(ytr), f(Xte), torch.tensor(yte)


def ece(probs, labels, bins=10):
    """Expected calibration error with equally wide bins."""
    conf, pred = probs.max(1)
    which = (conf * bins).long().clamp(max=bins - 1)
    err = 0.0
    for b in which.unique():
        m = which == b
        err += m.float().mean() * (conf[m].mean() - (pred[m] == labels[m]).float().mean()).abs()
    return float(err)


class Ensemble:
    def __init__(self, n):
        models = [member() for _ in range(n)]
        stacked, self.buffers = stack_module_state(models)
        self.params = {k: v.detach().clone().requires_grad_() for k, v in stacked.items()}
        self.skeleton = copy.deepcopy(models[0]).to("meta")

    def __call__(self, xs, train):
        """xs: (members, batch, features)"""
        self.skeleton.train(train)
        call = lambda p, b, x: functional_call(self.skeleton, (p, b), (x,))
        return vmap(call, randomness="different")(self.params, self.buffers, xs)


def bootstrap_batches(n, members, size, gen):
    """Each member has its own shuffled order of its own bootstrap sample."""
    draws = torch.randint(n, (members, n), generator=gen)
    while True:
        order = torch.stack([draws[m][torch.randperm(n, generator=gen)] for m in range(members)])
        yield from order[:, :n - n % size].split(size, dim=1)


def main():
    torch.manual_seed(0)
    Xtr, ytr, Xte, yte = prepare()
    ens = Ensemble(MEMBERS)
    opt = torch.optim.AdamW(ens.params.values(), lr=3e-3, weight_decay=1e-2)
    stream = bootstrap_batches(len(Xtr), MEMBERS, 46, torch.Generator().manual_seed(1))
    for step in range(160):
        idx = next(stream)
        logits = ens(Xtr[idx], train=True)                               # (M, B, 2)
        # sum over members: they share nothing, each gets the gradient of its own mean
        loss = F.cross_entropy(logits.flatten(0, 1), ytr[idx].flatten(), reduction="none").view(MEMBERS, -1).mean(1).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 40 == 0:
            print(f"step {step}: mean member loss {loss.item() / MEMBERS:.3f}")

    with torch.no_grad():
        probs = ens(Xte.expand(MEMBERS, -1, -1), train=False).softmax(-1)
    single = [(p.argmax(1) == yte).float().mean().item() for p in probs]
    mean = probs.mean(0)
    nll = F.nll_loss(mean.log(), yte).item()
    disagreement = (probs.argmax(-1) != mean.argmax(-1)).float().mean().item()
    print("members", [round(s, 3) for s in single])
    print(f"ensemble acc {(mean.argmax(1) == yte).float().mean().item():.3f} nll {nll:.3f} ece {ece(mean, yte):.3f} disagreement {disagreement:.3f}")


if __name__ == "__main__":
    main()

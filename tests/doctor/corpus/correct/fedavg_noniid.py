"""Federated averaging over label-skewed clients: one scratch model reused by all, fresh client optimizers, size-weighted mean of states."""
import argparse
import copy

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset


def dirichlet(labels, clients, alpha, rng):
    shards = [[] for _ in range(clients)]
    for c in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == c))
        cuts = (np.cumsum(rng.dirichlet([alpha] * clients))[:-1] * len(rows)).astype(int)
        for shard, part in zip(shards, np.split(rows, cuts)):
            shard.extend(part.tolist())
    return [s for s in shards if len(s) >= 10]


def weighted_mean(states, sizes):
    total = sum(sizes)
    out = {}
    for key, ref in states[0].items():
        out[key] = sum(s[key] * (n / total) for s, n in zip(states, sizes)).to(ref.dtype)
    return out


def local(model, loader, anchor, epochs, lr, mu):
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)  # new each round: clients keep no state
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            prox = sum((p - anchor[n]).square().sum() for n, p in model.named_parameters())
            loss = F.cross_entropy(model(x), y) + 0.5 * mu * prox  # FedProx
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
    return copy.deepcopy(model.state_dict())  # the scratch model is overwritten by the next client


@torch.inference_mode()
def test(model, x, y):
    model.eval()
    logits = model(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--rounds", type=int, default=8)
    ap.add_argument("--clients", type=int, default=8)
    ap.add_argument("--fraction", type=float, default=0.5)
    args = ap.parse_args()
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    X, y = load_digits(return_X_y=True)
    xt, xs, yt, ys = train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=0)
    train = TensorDataset(torch.tensor(xt, dtype=torch.float32), torch.tensor(yt))
    xs, ys = torch.tensor(xs, dtype=torch.float32), torch.tensor(ys)
    shards = dirichlet(yt, args.clients, 0.4, rng)
    loaders = [DataLoader(Subset(train, s), batch_size=32, shuffle=True) for s in shards]
    # GroupNorm, since running statistics of skewed clients do not average well
    server = nn.Sequential(nn.Linear(64, 64), nn.GroupNorm(8, 64), nn.ReLU(), nn.Linear(64, 10))
    scratch = copy.deepcopy(server)
    for rnd in range(args.rounds):
        chosen = rng.choice(len(shards), max(1, int(args.fraction * len(shards))), replace=False)
        anchor = {n: p.detach().clone() for n, p in server.named_parameters()}
        states, sizes = [], []
        for c in chosen:
            scratch.load_state_dict(server.state_dict())  # copies values; the server does not move
            states.append(local(scratch, loaders[c], anchor, epochs=2, lr=0.05, mu=0.01))
            sizes.append(len(shards[c]))
        server.load_state_dict(weighted_mean(states, sizes))
        loss, acc = test(server, xs, ys)
        print(f"round {rnd} clients {sorted(chosen.tolist())} loss {loss:.3f} acc {acc:.3f}")


if __name__ == "__main__":
    main()

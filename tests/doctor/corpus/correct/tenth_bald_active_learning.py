"""Pool-based active learning: BALD with Monte Carlo dropout against random acquisition."""
import argparse

import torch
from torch import nn


def parse_args():
    p = argparse.ArgumentParser()
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--query", type=int, default=12)
    p.add_argument("--start", type=int, default=16)
    p.add_argument("--mc", type=int, default=20)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def make_split(n, gen):
    x = torch.empty(n, 2).uniform_(-1, 1, generator=gen)
    stripe = ((x[:, 0] + 0.5 * x[:, 1]) * 2.0).floor()
    return x, stripe.clamp(-1, 1).long() + 1


def fit(x, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(2, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 3)
    )
    opt = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-5)
    loss_fn = nn.CrossEntropyLoss()
    model.train()
    for _ in range(100):
        opt.zero_grad()
        loss_fn(model(x), y).backward()
        opt.step()
    return model


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


@torch.no_grad()
def bald(model, x, draws):
    """Mutual information between the label and the dropout mask."""
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.train()
    logp = torch.stack([model(x).log_softmax(dim=1) for _ in range(draws)])
    mean = logp.exp().mean(dim=0)
    total = -(mean * mean.clamp(min=1e-12).log()).sum(dim=1)
    expected = -(logp.exp() * logp).sum(dim=2).mean(dim=0)
    return total - expected


def run(strategy, args, pool, test, gen):
    x_pool, y_pool = pool
    labelled = torch.zeros(len(x_pool), dtype=torch.bool)
    labelled[torch.randperm(len(x_pool), generator=gen)[: args.start]] = True
    curve = []
    for r in range(args.rounds + 1):
        model = fit(x_pool[labelled], y_pool[labelled], seed=args.seed + r)
        curve.append(accuracy(model, *test))
        if r == args.rounds:
            break
        candidates = (~labelled).nonzero().squeeze(1)
        if strategy == "bald":
            score = bald(model, x_pool[candidates], args.mc)
        else:
            score = torch.rand(len(candidates), generator=gen)
        labelled[candidates[score.topk(args.query).indices]] = True
    return curve


def main():
    args = parse_args()
    data_gen = torch.Generator().manual_seed(args.seed)
    pool, test = make_split(800, data_gen), make_split(600, data_gen)
    for strategy in ("random", "bald"):
        curve = run(strategy, args, pool, test, torch.Generator().manual_seed(args.seed + 1))
        print(f"{strategy:>6}: " + " ".join(f"{a:.3f}" for a in curve))


if __name__ == "__main__":
    main()

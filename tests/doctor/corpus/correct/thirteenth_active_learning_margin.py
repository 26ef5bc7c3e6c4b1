import torch
import torch.nn as nn
import torch.nn.functional as F


def checker(n, gen):
    x = 4 * torch.rand(n, 2, generator=gen) - 2
    y = ((x[:, 0] > 0) ^ (x[:, 1] > 0.3)).long()
    return x, y


def train_model(x, y, seed):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
    opt = torch.optim.Adam(net.parameters(), lr=1e-2, weight_decay=1e-4)
    net.train()
    for _ in range(80):
        opt.zero_grad()
        F.cross_entropy(net(x), y).backward()
        opt.step()
    return net.eval()


@torch.no_grad()
def margins(net, x):
    top2 = net(x).softmax(dim=1).topk(2, dim=1).values
    return top2[:, 0] - top2[:, 1]


@torch.no_grad()
def accuracy(net, x, y):
    return (net(x).argmax(1) == y).float().mean().item()


def run(strategy, pool_x, pool_y, test_x, test_y, rounds=6, per_round=10):
    gen = torch.Generator().manual_seed(0)
    labelled = torch.zeros(len(pool_x), dtype=torch.bool)
    labelled[torch.randperm(len(pool_x), generator=gen)[:20]] = True
    curve = []
    for r in range(rounds):
        net = train_model(pool_x[labelled], pool_y[labelled], seed=r)
        curve.append(round(accuracy(net, test_x, test_y), 3))
        if r == rounds - 1:
            break
        candidates = (~labelled).nonzero().squeeze(1)
        if strategy == "margin":
            order = margins(net, pool_x[candidates]).argsort()
        else:
            order = torch.randperm(len(candidates), generator=gen)
        labelled[candidates[order[:per_round]]] = True
    return int(labelled.sum()), curve


if __name__ == "__main__":
    data_gen = torch.Generator().manual_seed(123)
    pool = checker(600, data_gen)
    test = checker(600, data_gen)
    for strategy in ("random", "margin"):
        n, curve = run(strategy, *pool, *test)
        print(f"{strategy:7s} {n} labels, test accuracy per round {curve}")

# Pool-based active learning: a small ensemble asks for the labels it disagrees about most.
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(35)


def wavy_border(n):
    x = torch.rand(n, 2) * 4 - 2
    return x, (x[:, 1] > torch.sin(3 * x[:, 0])).long()


pool_x, pool_y = wavy_border(1200)
test_x, test_y = wavy_border(600)
MEMBERS, START, ASK, ROUNDS, CANDIDATES = 4, 30, 20, 4, 100


def train_member(x, y):
    net = nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
    opt = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=1e-2)
    sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=20, T_mult=2)
    for epoch in range(60):
        for b in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            F.cross_entropy(net(x[b]), y[b]).backward()
            opt.step()
        sched.step()
    return net.eval()


@torch.no_grad()
def predict(members, x):
    return torch.stack([m(x).softmax(-1) for m in members])


def entropy(p):
    return -(p * p.clamp_min(1e-9).log()).sum(-1)


def disagreement(probs):
    """Mutual information between the prediction and the choice of member."""
    return entropy(probs.mean(0)) - entropy(probs).mean(0)


def campaign(strategy):
    order = torch.randperm(len(pool_x), generator=torch.Generator().manual_seed(4))
    labelled, unlabelled = order[:START], order[START:]
    curve = []
    for round_ in range(ROUNDS + 1):
        members = [train_member(pool_x[labelled], pool_y[labelled]) for _ in range(MEMBERS)]
        curve.append((predict(members, test_x).mean(0).argmax(1) == test_y).float().mean().item())
        if round_ == ROUNDS:
            return curve
        # only a random part of the pool is looked at, which keeps the questions diverse
        seen = torch.randperm(len(unlabelled))[:CANDIDATES]
        if strategy == "random":
            chosen = seen[:ASK]
        else:
            chosen = seen[disagreement(predict(members, pool_x[unlabelled[seen]])).topk(ASK).indices]
        asked = torch.zeros(len(unlabelled), dtype=torch.bool)
        asked[chosen] = True
        labelled = torch.cat([labelled, unlabelled[asked]])
        unlabelled = unlabelled[~asked]


for strategy in ("random", "disagreement"):
    print(strategy, [round(a, 3) for a in campaign(strategy)])

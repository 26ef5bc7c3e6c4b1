import torch
import torch.nn as nn
import torch.nn.functional as F

# 능동 학습: 엔트로피 기반 선택, 매 라운드 처음부터 다시 학습
torch.manual_seed(19)
START, QUERY, ROUNDS, EPOCHS = 12, 8, 6, 60


def moons(n):
    a = torch.rand(n) * torch.pi
    y = torch.randint(0, 2, (n,))
    pts = torch.where(y[:, None] == 0,
                      torch.stack([a.cos(), a.sin()], 1),
                      torch.stack([1 - a.cos(), 0.4 - a.sin()], 1))
    return pts + 0.15 * torch.randn(n, 2), y


x_all, y_all = moons(1500)
x_test, y_test = moons(600)


def new_model():
    return nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))


def fit(idx):
    net = new_model()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    net.train()
    for _ in range(EPOCHS):
        for part in idx[torch.randperm(len(idx))].split(16):
            opt.zero_grad()
            F.cross_entropy(net(x_all[part]), y_all[part]).backward()
            opt.step()
    return net.eval()


@torch.no_grad()
def entropy(net, x):
    logp = F.log_softmax(net(x), dim=1)
    return -(logp.exp() * logp).sum(1)


@torch.no_grad()
def accuracy(net):
    return (net(x_test).argmax(1) == y_test).float().mean().item()


def select(net, pool):
    """가장 불확실한 QUERY개"""
    top = entropy(net, x_all[pool]).topk(QUERY).indices
    return pool[top]


perm = torch.randperm(len(x_all))
labelled, pool = perm[:START], perm[START:]
for r in range(ROUNDS):
    net = fit(labelled)
    print(f"라운드 {r}: 라벨 {len(labelled)}개, 정확도 {accuracy(net):.3f}")
    new = select(net, pool)
    labelled = torch.cat([labelled, new])
    pool = pool[~torch.isin(pool, new)]
print("최종 정확도", round(accuracy(fit(labelled)), 3))

from copy import deepcopy
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)
DECAY = 0.97


def get_model():
    return nn.Sequential(
        nn.Linear(5, 48), nn.BatchNorm1d(48), nn.ReLU(),
        nn.Linear(48, 48), nn.BatchNorm1d(48), nn.ReLU(),
        nn.Linear(48, 3),
    )


@torch.no_grad()
def ema_step(ema, net):
    for pe, p in zip(ema.parameters(), net.parameters()):
        pe.lerp_(p, 1 - DECAY)


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


# 세 개의 나선 데이터
def spiral(n):
    k = torch.randint(0, 3, (n,))
    r = torch.rand(n) * 2
    a = 2.1 * k + 1.5 * r + 0.15 * torch.randn(n)
    xy = torch.stack([r * a.cos(), r * a.sin()], 1)
    return torch.cat([xy, xy ** 2, r[:, None]], 1), k


x_train, y_train = spiral(900)
x_test, y_test = spiral(300)

net = get_model()
ema = deepcopy(net).requires_grad_(False)
opt = torch.optim.AdamW(net.parameters(), lr=4e-3)

for epoch in range(10):
    net.train()
    for idx in torch.randperm(900).split(45):
        loss = F.cross_entropy(net(x_train[idx]), y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema_step(ema, net)

print(f"model {accuracy(net, x_test, y_test):.3f}")
print(f"ema   {accuracy(ema, x_test, y_test):.3f}")

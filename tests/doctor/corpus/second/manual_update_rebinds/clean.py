import torch
import torch.nn as nn

torch.manual_seed(21)
lr, wd = 0.2, 1e-4
x = torch.rand(500, 2) * 4 - 2
y = ((x ** 2).sum(1) < 2).long()
m = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 2))
ce = nn.CrossEntropyLoss()


def sgd(params):
    with torch.no_grad():
        for p in params:
            p -= lr * (p.grad + wd * p)


for e in range(30):
    for b in torch.randperm(400).split(50):
        l = ce(m(x[b]), y[b])
        m.zero_grad()
        l.backward()
        sgd(m.parameters())
    if e % 10 == 0:
        print(e, round(l.item(), 4))

with torch.no_grad():
    print("acc", (m(x[400:]).argmax(1) == y[400:]).float().mean().item())

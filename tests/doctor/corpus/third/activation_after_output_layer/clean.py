import itertools
import torch
from torch import nn


def mlp(sizes, act=nn.ReLU, out_act=nn.Identity):
    layers = []
    n_layers = len(sizes) - 1
    for i, (a, b) in enumerate(itertools.pairwise(sizes)):
        last = i == n_layers - 1
        layers += [nn.Linear(a, b), out_act() if last else act()]
    return nn.Sequential(*layers)


def spirals(n_per_class, classes, noise):
    xs, ys = [], []
    for c in range(classes):
        r = torch.linspace(0.05, 1, n_per_class)
        t = r * 4 + c * 6.2832 / classes + noise * torch.randn(n_per_class)
        xs.append(torch.stack([r * torch.sin(t), r * torch.cos(t)], 1))
        ys.append(torch.full((n_per_class,), c))
    return torch.cat(xs), torch.cat(ys)


def fit(net, x, y, steps, batch=100):
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=steps)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.02)
    for _ in range(steps):
        i = torch.randint(len(x), (batch,))
        loss = loss_fn(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    return net


torch.manual_seed(5)
CLASSES = 5
net = mlp([2, 64, 64, CLASSES])
x, y = spirals(200, CLASSES, 0.15)
fit(net, x, y, 800)
with torch.no_grad():
    xt, yt = spirals(200, CLASSES, 0.15)
    pred = net(xt).argmax(1)
    print("test accuracy", (pred == yt).float().mean().item())
    print("per class", [round((pred[yt == c] == c).float().mean().item(), 2) for c in range(CLASSES)])

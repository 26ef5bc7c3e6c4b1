import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X = (X / 16.0).astype(np.float32)
Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
Xa, Xb, ya, yb = map(torch.from_numpy, (Xa, Xb, ya, yb))

net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
ce = nn.CrossEntropyLoss()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
EPS = 0.1


def fgsm(x, y, eps=EPS):
    x = x.clone().requires_grad_(True)
    ce(net(x), y).backward()
    return (x + eps * x.grad.sign()).clamp(0, 1).detach()


def robust_accuracy(x, y):
    net.eval()
    adv = fgsm(x, y)
    with torch.no_grad():
        return (net(adv).argmax(1) == y).float().mean().item()


for epoch in range(20):
    net.train()
    for idx in torch.randperm(len(Xa)).split(64):
        opt.zero_grad()
        adv = fgsm(Xa[idx], ya[idx])
        loss = ce(net(adv), ya[idx])
        loss.backward()
        opt.step()
    print("epoch %d, last batch loss %.3f" % (epoch, loss.item()))

print("accuracy under attack %.3f" % robust_accuracy(Xb, yb))

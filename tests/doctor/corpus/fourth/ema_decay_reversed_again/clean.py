# %% [markdown]
# Noisy labels, small batches, a constant rate: the averaged weights are the ones to use
# %%
import copy
import math
import torch
from torch import nn
from torch.nn.functional import cross_entropy

torch.manual_seed(3)
decay = 0.99

# %%
def two_moons(n, noise=0.15, flip=0.0):
    y = torch.arange(n) % 2
    a = math.pi * torch.rand(n)
    upper = torch.stack([a.cos(), a.sin()], 1)
    lower = torch.stack([1 - a.cos(), 0.5 - a.sin()], 1)
    x = torch.where(y[:, None] == 0, upper, lower) + noise * torch.randn(n, 2)
    return x, torch.where(torch.rand(n) < flip, 1 - y, y)

x_train, y_train = two_moons(800, flip=0.25)
x_test, y_test = two_moons(2000)

# %%
net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
mean_net = copy.deepcopy(net)
for p in mean_net.parameters():
    p.requires_grad_(False)
opt = torch.optim.SGD(net.parameters(), lr=0.2)

# %%
@torch.no_grad()
def follow(mean_net, net, decay):
    for m, p in zip(mean_net.parameters(), net.parameters()):
        m.mul_(decay).add_(p, alpha=1 - decay)

def report(model):
    with torch.no_grad():
        z = model(x_test)
    return "accuracy {:.3f}  loss {:.3f}".format((z.argmax(1) == y_test).float().mean().item(), cross_entropy(z, y_test).item())

# %%
for step in range(2000):
    i = torch.randint(len(x_train), (8,))
    loss = cross_entropy(net(x_train[i]), y_train[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    follow(mean_net, net, decay)

# %%
print("last weights:", report(net))
print("averaged:    ", report(mean_net))

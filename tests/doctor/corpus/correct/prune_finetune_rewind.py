import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.prune as prune
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# Lottery ticket: train, prune by magnitude over all layers, rewind the survivors to their first values, train again
torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
Xr, Xe, yr, ye = train_test_split(X / 16.0, y, test_size=0.2, stratify=y, random_state=1)
Xt, Xv, yt, yv = train_test_split(Xr, yr, test_size=0.2, stratify=yr, random_state=1)
xt, xv, xe = (torch.tensor(a, dtype=torch.float32) for a in (Xt, Xv, Xe))
yt, yv, ye = map(torch.tensor, (yt, yv, ye))

net = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))
layers = [m for m in net if isinstance(m, nn.Linear)]
start = [(m.weight.detach().clone(), m.bias.detach().clone()) for m in layers]


def train(epochs=5):
    # built anew each round: pruning replaces `weight` by the parameter `weight_orig`
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(epochs):
        net.train()
        for i in torch.randperm(len(xt)).split(50):
            opt.zero_grad()
            F.cross_entropy(net(xt[i]), yt[i]).backward()
            opt.step()


def acc(x, t):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == t).float().mean().item()


def density():
    total = sum(m.weight.numel() for m in layers)
    return sum(int((m.weight != 0).sum()) for m in layers) / total


train()
print(f"dense: val {acc(xv, yv):.3f}")
for rnd in range(3):
    prune.global_unstructured([(m, "weight") for m in layers], prune.L1Unstructured, amount=0.4)   # of what is left
    with torch.no_grad():
        for m, (w, b) in zip(layers, start):
            m.weight_orig.copy_(w)
            m.bias.copy_(b)
    train()
    print(f"round {rnd}: density {density():.3f} val {acc(xv, yv):.3f}")

for m in layers:
    prune.remove(m, "weight")
print(f"made permanent: density {density():.3f} test {acc(xe, ye):.3f}")

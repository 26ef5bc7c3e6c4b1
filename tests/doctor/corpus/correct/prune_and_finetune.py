import torch
from torch import nn
from torch.nn.utils import prune

torch.manual_seed(43)
x = torch.randn(400, 12)
y = (x[:, :3].sum(1) > 0).long()
net = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 2))


def fit(epochs, lr):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for _ in range(epochs):
        net.train()
        for i in torch.randperm(320).split(32):
            opt.zero_grad()
            nn.functional.cross_entropy(net(x[i]), y[i]).backward()
            opt.step()


def score():
    net.eval()
    with torch.no_grad():
        return (net(x[320:]).argmax(1) == y[320:]).float().mean().item()


fit(4, 5e-3)
print("dense", score())
for m in (net[0], net[2]):
    prune.l1_unstructured(m, "weight", amount=0.6)
fit(3, 2e-3)
for m in (net[0], net[2]):
    prune.remove(m, "weight")
print("sparse", score(), "zeros", float((net[0].weight == 0).float().mean()))

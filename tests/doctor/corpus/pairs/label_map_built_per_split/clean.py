import torch
from torch import nn

torch.manual_seed(93)
NAMES = ["ant", "bee", "cat", "dog"]


def load(n, first):
    g = torch.Generator().manual_seed(first)
    kind = torch.randint(first, 4, (n,), generator=g)
    feats = nn.functional.one_hot(kind, 4).float() + 0.3 * torch.randn(n, 4, generator=g)
    return feats, [NAMES[k] for k in kind.tolist()]


def encode(names, table=None):
    if table is None:
        table = {c: i for i, c in enumerate(sorted(set(names)))}
    return torch.tensor([table[c] for c in names]), table


xt, names_t = load(400, 0)
xv, names_v = load(100, 1)
yt, table = encode(names_t)
yv, _ = encode(names_v, table)
net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, len(table)))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(5):
    net.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(xt[i]), yt[i])
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, loss.item(), (net(xv).argmax(1) == yv).float().mean().item())

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

BN = {"eps": 1e-3, "momentum": 0.99, "affine": True}


def block(i, o):
    return [nn.Linear(i, o, bias=False), nn.BatchNorm1d(o, **BN), nn.ReLU(inplace=True)]


def network(widths, n_out):
    layers = []
    for i, o in zip(widths, widths[1:]):
        layers += block(i, o)
    return nn.Sequential(*layers, nn.Linear(widths[-1], n_out))


def rings(n, gen):
    r = torch.randint(0, 3, (n,), generator=gen)
    phi = torch.rand(n, generator=gen) * 6.2832
    rad = 1.0 + r + 0.25 * torch.randn(n, generator=gen)
    return torch.stack([rad * phi.cos(), rad * phi.sin()], 1) * torch.tensor([5.0, 0.2]), r


def evaluate(net, loader, loss_fn):
    net.eval()
    total, right = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            z = net(x)
            total += loss_fn(z, y).item() * len(y)
            right += (z.argmax(1) == y).sum().item()
    n = len(loader.dataset)
    return total / n, right / n


gen = torch.Generator().manual_seed(8)
torch.manual_seed(8)
train = DataLoader(TensorDataset(*rings(960, gen)), batch_size=12, shuffle=True)
valid = DataLoader(TensorDataset(*rings(400, gen)), batch_size=200)
net = network([2, 32, 32, 32], 3)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=12)
for epoch in range(12):
    net.train()
    for x, y in train:
        optimizer.zero_grad()
        loss_fn(net(x), y).backward()
        optimizer.step()
    scheduler.step()
    print("epoch %d  val loss %.4f  val acc %.4f" % (epoch, *evaluate(net, valid, loss_fn)))

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def run(loader, net, opt, train):
    net.train(train)
    total = 0.0
    for x, y in loader:
        with torch.set_grad_enabled(train):
            loss = nn.functional.mse_loss(net(x), y)
        if train:
            opt.zero_grad()
            loss.backward()
            opt.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


torch.manual_seed(41)
x = torch.randn(300, 12)
y = x[:, :1] * x[:, 1:2] + 0.5 * torch.randn(300, 1)
loaders = {
    "train": DataLoader(TensorDataset(x[:200], y[:200]), batch_size=20, shuffle=True),
    "val": DataLoader(TensorDataset(x[200:], y[200:]), batch_size=20),
}
net = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(6):
    scores = {phase: run(dl, net, opt, phase == "train") for phase, dl in loaders.items()}
    print(epoch, {k: round(v, 4) for k, v in scores.items()})

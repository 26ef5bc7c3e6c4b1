import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Tracker:
    """Remembers the weights of the best epoch so far."""

    def __init__(self):
        self.best_loss = float("inf")
        self.weights = None

    def update(self, loss, module):
        if loss < self.best_loss:
            self.best_loss = loss
            self.weights = {name: t.detach() for name, t in module.state_dict().items()}

    def restore(self, module):
        module.load_state_dict(self.weights)


def toy(n=360):
    g = torch.Generator().manual_seed(21)
    x = torch.rand(n, 2, generator=g) * 4 - 2
    y = torch.sin(2 * x[:, :1]) + 0.3 * x[:, 1:] ** 2 + 0.4 * torch.randn(n, 1, generator=g)
    return TensorDataset(x, y)


def total_loss(net, loader):
    net.eval()
    s, n = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            s += nn.functional.mse_loss(net(x), y, reduction="sum").item()
            n += y.numel()
    return s / n


torch.manual_seed(21)
train_set, valid_set, test_set = random_split(toy(), [120, 120, 120], torch.Generator().manual_seed(1))
train_dl = DataLoader(train_set, 20, shuffle=True)
valid_dl, test_dl = DataLoader(valid_set, 60), DataLoader(test_set, 60)

net = nn.Sequential(nn.Linear(2, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 1))
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
tracker = Tracker()
for epoch in range(60):
    net.train()
    for x, y in train_dl:
        loss = nn.functional.mse_loss(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    tracker.update(total_loss(net, valid_dl), net)

tracker.restore(net)
print(f"best valid {tracker.best_loss:.4f}  valid again {total_loss(net, valid_dl):.4f}  test {total_loss(net, test_dl):.4f}")

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Houses(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.feats = torch.rand(n, 5, generator=g)
        area, rooms, age, dist, noise = self.feats.unbind(1)
        self.price = 2 * area + rooms * area - 0.5 * age - dist ** 2 + 0.05 * noise

    def __len__(self):
        return len(self.price)

    def __getitem__(self, i):
        return self.feats[i], self.price[i]


class Regressor(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.inp = nn.Linear(5, width)
        self.mid = nn.Linear(width, width)
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        h = torch.relu(self.inp(x))
        h = h + torch.relu(self.mid(h))
        return self.out(h).squeeze(-1)


class Trainer:
    def __init__(self, net, lr=3e-3):
        self.net = net
        self.criterion = nn.SmoothL1Loss()
        self.optim = torch.optim.AdamW(net.parameters(), lr=lr)

    def _reset(self):
        for p in self.net.parameters():
            p.grad = None

    def _update(self, loss):
        loss.backward()
        self._reset()
        self.optim.step()

    def fit(self, loader, epochs):
        for _ in range(epochs):
            self.net.train()
            for x, y in loader:
                self._update(self.criterion(self.net(x), y))

    @torch.no_grad()
    def mae(self, loader):
        self.net.eval()
        err, n = 0.0, 0
        for x, y in loader:
            err += (self.net(x) - y).abs().sum().item()
            n += len(y)
        return err / n


if __name__ == "__main__":
    torch.manual_seed(11)
    train = DataLoader(Houses(600, 1), batch_size=50, shuffle=True)
    test = DataLoader(Houses(200, 2), batch_size=100)
    trainer = Trainer(Regressor())
    trainer.fit(train, epochs=12)
    print("test MAE %.3f" % trainer.mae(test))

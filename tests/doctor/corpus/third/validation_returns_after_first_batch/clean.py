import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class AutoEncoder(nn.Module):
    def __init__(self, d=30, code=4):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, 24), nn.ELU(), nn.Linear(24, code))
        self.dec = nn.Sequential(nn.Linear(code, 24), nn.ELU(), nn.Linear(24, d))

    def forward(self, x):
        return self.dec(self.enc(x))


def manifold(n, g, maps):
    z = torch.randn(n, 3, generator=g)
    return torch.tanh(z @ maps[0]) @ maps[1] + 0.05 * torch.randn(n, 30, generator=g)


class Runner:
    def __init__(self, model, train_loader, val_loader, lr=3e-3, patience=3):
        self.model = model
        self.train_loader = train_loader
        self.val_loader = val_loader
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(self.optimizer, factor=0.5, patience=patience)
        self.criterion = nn.MSELoss()

    def train_epoch(self):
        self.model.train()
        total = 0.0
        for (x,) in self.train_loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), x)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(x)
        return total / len(self.train_loader.dataset)

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        total, n = 0.0, 0
        for (x,) in self.val_loader:
            total += self.criterion(self.model(x), x).item() * len(x)
            n += len(x)
        return total / n

    def fit(self, epochs):
        for epoch in range(epochs):
            train_loss = self.train_epoch()
            val_loss = self.validate()
            self.scheduler.step(val_loss)
            print(f'{epoch:2d} train {train_loss:.4f} val {val_loss:.4f}')


def main():
    torch.manual_seed(2)
    g = torch.Generator().manual_seed(7)
    maps = torch.randn(3, 10, generator=g), torch.randn(10, 30, generator=g) / 10 ** 0.5
    train = DataLoader(TensorDataset(manifold(600, g, maps)), batch_size=32, shuffle=True)
    val = DataLoader(TensorDataset(manifold(200, g, maps)), batch_size=16)
    Runner(AutoEncoder(), train, val).fit(12)


main()

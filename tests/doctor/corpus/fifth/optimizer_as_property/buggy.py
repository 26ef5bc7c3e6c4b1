import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class DenoisingAE(nn.Module):
    def __init__(self, dim: int, code: int):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(dim, 48), nn.LeakyReLU(0.1), nn.Linear(48, code))
        self.dec = nn.Sequential(nn.Linear(code, 48), nn.LeakyReLU(0.1), nn.Linear(48, dim))

    def forward(self, x):
        return self.dec(self.enc(x))


class Experiment:
    def __init__(self, model: nn.Module, noise: float = 0.2, lr: float = 1e-2):
        self.model, self.noise, self.lr = model, noise, lr
        self.criterion = nn.MSELoss()

    @property
    def optimizer(self):
        return torch.optim.Adam(self.model.parameters(), lr=self.lr)

    def epoch(self, loader):
        self.model.train()
        for (x,) in loader:
            recon = self.model(x + self.noise * torch.randn_like(x))
            loss = self.criterion(recon, x)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def score(self, x):
        self.model.eval()
        with torch.no_grad():
            return self.criterion(self.model(x), x).item()


def low_rank(n, dim=20, rank=4, seed=0):
    g = torch.Generator().manual_seed(seed)
    basis = torch.randn(rank, dim, generator=g)
    return torch.tanh(torch.randn(n, rank, generator=g) @ basis)


torch.manual_seed(0)
x = low_rank(1000)
exp = Experiment(DenoisingAE(20, 4))
loader = DataLoader(TensorDataset(x[:800]), batch_size=40, shuffle=True)
for ep in range(15):
    exp.epoch(loader)
print("reconstruction error on held-out rows: %.4f" % exp.score(x[800:]))

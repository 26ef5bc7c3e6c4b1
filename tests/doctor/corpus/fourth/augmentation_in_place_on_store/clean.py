import torch
from sklearn.metrics import r2_score
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


class Spectra(Dataset):
    def __init__(self, spectra, conc, train):
        self.spectra = spectra
        self.conc = conc
        self.train = train

    def __len__(self):
        return self.spectra.shape[0]

    def __getitem__(self, i):
        spec = self.spectra[i].clone()
        if self.train:
            spec *= 1 + 0.05 * torch.randn(1)
            spec += 0.3 * torch.randn_like(spec)
            k = int(torch.randint(0, spec.numel() - 4, (1,)))
            spec[k:k + 4] = 0
        return spec, self.conc[i]


def simulate(n, generator):
    """Absorption = sum of three bands, concentration is the height of the middle one."""
    grid = torch.linspace(0, 1, 60)
    band = lambda c, w: torch.exp(-((grid - c) / w) ** 2)
    heights = torch.rand(n, 3, generator=generator) * 2
    bands = torch.stack([band(0.35, 0.1), band(0.5, 0.08), band(0.68, 0.12)])
    noise = 0.05 * torch.randn(n, 60, generator=generator)
    return heights @ bands + noise, heights[:, 1]


class Calibrator:
    def __init__(self, width=64, lr=2e-3):
        self.net = nn.Sequential(nn.Linear(60, width), nn.GELU(), nn.Linear(width, 1))
        self.opt = optim.AdamW(self.net.parameters(), lr=lr, weight_decay=1e-3)
        self.loss = nn.HuberLoss()

    def fit(self, loader, epochs):
        for _ in range(epochs):
            self.net.train()
            for spec, conc in loader:
                self.opt.zero_grad()
                self.loss(self.net(spec).squeeze(-1), conc).backward()
                self.opt.step()
        return self

    def predict(self, loader):
        self.net.eval()
        with torch.no_grad():
            out = [(self.net(spec).squeeze(-1), conc) for spec, conc in loader]
        pred, true = zip(*out)
        return torch.cat(pred), torch.cat(true)


if __name__ == "__main__":
    torch.manual_seed(16)
    g = torch.Generator().manual_seed(99)
    train_loader = DataLoader(Spectra(*simulate(400, g), train=True), batch_size=40, shuffle=True)
    test_loader = DataLoader(Spectra(*simulate(200, g), train=False), batch_size=100)
    model = Calibrator().fit(train_loader, epochs=25)
    pred, true = model.predict(test_loader)
    print(f"R2 on new spectra: {r2_score(true.numpy(), pred.numpy()):.3f}")

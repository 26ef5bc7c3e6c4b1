"""Two tasks from one trunk: classify the material and regress its hardness from a spectrum."""
import copy

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

N_CHANNELS, N_MATERIALS = 40, 4


def simulate(n, seed):
    rng = np.random.default_rng(seed)
    grid = np.linspace(0, 1, N_CHANNELS)
    centres = np.array([0.2, 0.4, 0.6, 0.8])
    material = rng.integers(0, N_MATERIALS, n)
    hardness = rng.uniform(100, 400, n) + 30 * material
    width = 0.05 + hardness / 6000
    spectra = np.exp(-((grid - centres[material][:, None]) ** 2) / (2 * width[:, None] ** 2))
    spectra += rng.normal(0, 0.08, spectra.shape)
    return spectra.astype("float32"), material.astype("int64"), hardness.astype("float32")


class SpectrumDataset(Dataset):
    def __init__(self, arrays, h_mean, h_std):
        spectra, material, hardness = arrays
        self.x = torch.from_numpy(spectra)
        self.material = torch.from_numpy(material)
        self.hardness = torch.from_numpy((hardness - h_mean) / h_std)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], (self.material[i], self.hardness[i])


class MultiTaskNet(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(N_CHANNELS, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.material_head = nn.Linear(hidden, N_MATERIALS)
        self.hardness_head = nn.Sequential(nn.Linear(hidden, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x):
        h = self.trunk(x)
        return self.material_head(h), self.hardness_head(h).squeeze(-1)


class UncertaintyWeighting(nn.Module):
    """Learned task weights (Kendall et al. 2018): sum of exp(-s) * loss + s."""

    def __init__(self, n_tasks):
        super().__init__()
        self.s = nn.Parameter(torch.zeros(n_tasks))

    def forward(self, losses):
        losses = torch.stack(losses)
        return (torch.exp(-self.s) * losses + self.s).sum()


class MeanMeter:
    def __init__(self):
        self.sum, self.n = 0.0, 0

    def add(self, value, k):
        self.sum += value * k
        self.n += k

    @property
    def value(self):
        return self.sum / self.n


def evaluate(net, loader, h_std):
    ce, mse = nn.CrossEntropyLoss(), nn.MSELoss()
    meters = {k: MeanMeter() for k in ("loss", "acc", "mae")}
    net.eval()
    with torch.no_grad():
        for x, (m, h) in loader:
            logits, pred = net(x)
            k = len(x)
            meters["loss"].add((ce(logits, m) + mse(pred, h)).item(), k)
            meters["acc"].add((logits.argmax(1) == m).float().mean().item(), k)
            meters["mae"].add((pred - h).abs().mean().item() * h_std, k)
    return {k: m.value for k, m in meters.items()}


def main(epochs=12):
    torch.manual_seed(0)
    train, val, test = simulate(1500, 0), simulate(400, 1), simulate(400, 2)
    h_mean, h_std = train[2].mean(), float(train[2].std())
    train_loader = DataLoader(SpectrumDataset(train, h_mean, h_std), batch_size=64, shuffle=True)
    val_loader = DataLoader(SpectrumDataset(val, h_mean, h_std), batch_size=200)
    test_loader = DataLoader(SpectrumDataset(test, h_mean, h_std), batch_size=200)

    net, weighting = MultiTaskNet(), UncertaintyWeighting(2)
    ce, mse = nn.CrossEntropyLoss(), nn.MSELoss()
    optimizer = torch.optim.Adam(
        [{"params": net.parameters()}, {"params": weighting.parameters(), "lr": 1e-2}], lr=2e-3
    )
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[6, 9], gamma=0.3)

    best, state = float("inf"), None
    for epoch in range(epochs):
        net.train()
        for x, (m, h) in train_loader:
            logits, pred = net(x)
            loss = weighting([ce(logits, m), mse(pred, h)])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        r = evaluate(net, val_loader, h_std)
        weights = torch.exp(-weighting.s.detach()).tolist()
        print(f"epoch {epoch + 1:2d}: val {r['loss']:.4f}  acc {r['acc']:.3f}  MAE {r['mae']:.1f} HV  "
              f"weights {weights[0]:.2f}/{weights[1]:.2f}")
        if r["loss"] < best:
            best, state = r["loss"], copy.deepcopy(net.state_dict())

    net.load_state_dict(state)
    r = evaluate(net, test_loader, h_std)
    print(f"test: accuracy {r['acc']:.3f}, hardness MAE {r['mae']:.1f} HV")


if __name__ == "__main__":
    main()

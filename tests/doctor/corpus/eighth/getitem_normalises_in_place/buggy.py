import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def spectra(n, seed):
    """n noisy spectra of 40 channels; the class decides where the line sits."""
    r = np.random.default_rng(seed)
    y = r.integers(0, 3, n)
    grid = np.arange(40)
    peak = np.exp(-0.5 * ((grid[None] - np.array([10, 20, 30])[y][:, None]) / 2.5) ** 2)
    counts = r.poisson(40 + 25 * peak)
    return counts.astype(np.float32), y.astype(np.int64)


class SpectrumDataset(Dataset):
    def __init__(self, counts: np.ndarray, y: np.ndarray, mean: np.ndarray, std: np.ndarray):
        self.counts = counts
        self.y = torch.from_numpy(y)
        self.mean = mean
        self.std = std

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, i: int):
        row = self.counts[i]
        row -= self.mean
        row /= self.std
        return torch.from_numpy(row), self.y[i]


def accuracy(model: nn.Module, loader: DataLoader) -> float:
    was_training = model.training
    model.eval()
    hits = 0
    with torch.no_grad():
        for x, y in loader:
            hits += int((model(x).argmax(1) == y).sum())
    model.train(was_training)
    return hits / len(loader.dataset)


def main():
    torch.manual_seed(23)
    c_train, y_train = spectra(500, seed=1)
    c_valid, y_valid = spectra(250, seed=2)
    mean, std = c_train.mean(0), c_train.std(0)
    train = DataLoader(SpectrumDataset(c_train, y_train, mean, std), batch_size=50, shuffle=True)
    valid = DataLoader(SpectrumDataset(c_valid, y_valid, mean, std), batch_size=125)

    model = nn.Sequential(nn.Linear(40, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(6):
        for x, y in train:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.4f}  valid {accuracy(model, valid):.3f}")


if __name__ == "__main__":
    main()

import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def parse_args():
    parser = argparse.ArgumentParser(description="denoising autoencoder on synthetic spectra")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=40)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--noise", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=5)
    return parser.parse_args()


def spectra(n):
    grid = torch.linspace(0, 1, 64)
    centers = torch.rand(n, 3, 1)
    widths = 0.02 + 0.06 * torch.rand(n, 3, 1)
    heights = 0.3 + 0.7 * torch.rand(n, 3, 1)
    return (heights * torch.exp(-0.5 * ((grid - centers) / widths) ** 2)).sum(1)


class Autoencoder(nn.Module):
    def __init__(self, dim=64, code=16):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(dim, 96), nn.GELU(), nn.Linear(96, code))
        self.decoder = nn.Sequential(nn.Linear(code, 96), nn.GELU(), nn.Linear(96, dim))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def train_epoch(model, loader, optimizer, criterion, noise):
    model.train()
    total = 0.0
    for (clean,) in loader:
        noisy = clean + noise * torch.randn_like(clean)
        optimizer.zero_grad()
        loss = criterion(model(noisy), clean)
        loss.backward()
        optimizer.step()
        total += loss.item() * clean.size(0)
    return total / len(loader.dataset)


@torch.inference_mode()
def validate(model, noisy, clean, criterion):
    model.eval()
    return criterion(model(noisy), clean).item()


def main():
    args = parse_args()
    torch.manual_seed(args.seed)
    train_set = TensorDataset(spectra(1600))
    val_clean = spectra(300)
    val_noisy = val_clean + args.noise * torch.randn_like(val_clean)
    loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    model = Autoencoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    criterion = nn.MSELoss()
    history = {"train": [], "val": []}
    for epoch in range(args.epochs):
        history["train"].append(train_epoch(model, loader, optimizer, criterion, args.noise))
        history["val"].append(validate(model, val_noisy, val_clean, criterion))
        print(f"epoch {epoch:2d}  train {history['train'][-1]:.5f}  val {history['val'][-1]:.5f}"
              f"  gap {history['val'][-1] - history['train'][-1]:+.5f}")


if __name__ == "__main__":
    main()

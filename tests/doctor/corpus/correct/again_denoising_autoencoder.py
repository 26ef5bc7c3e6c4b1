"""Denoising conv autoencoder on digits. Noise is fixed for validation/test so epochs are comparable."""
import copy

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SIGMA = 0.3


class DAE(nn.Module):
    def __init__(self, code=16):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 2 * 2, code),
        )
        self.dec = nn.Sequential(
            nn.Linear(code, 32 * 2 * 2), nn.ReLU(), nn.Unflatten(1, (32, 2, 2)),
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
        )

    def forward(self, x):
        return torch.sigmoid(self.dec(self.enc(x)))  # pixels live in [0, 1]


def noisy_pairs(clean, seed):
    g = torch.Generator().manual_seed(seed)
    return TensorDataset(clean + SIGMA * torch.randn(clean.shape, generator=g), clean)


def mean_mse(model, loader):
    model.eval()
    total, n = 0.0, 0
    with torch.no_grad():
        for noisy, clean in loader:
            total += nn.functional.mse_loss(model(noisy), clean).item() * len(clean)
            n += len(clean)
    return total / n


def main():
    torch.manual_seed(6)
    images = torch.from_numpy(load_digits().images).float().unsqueeze(1) / 16
    idx_rest, idx_te = train_test_split(range(len(images)), test_size=0.2, random_state=6)
    idx_tr, idx_va = train_test_split(idx_rest, test_size=0.2, random_state=6)
    train_dl = DataLoader(TensorDataset(images[idx_tr]), batch_size=64, shuffle=True)
    val_dl = DataLoader(noisy_pairs(images[idx_va], 1), batch_size=128)
    test_dl = DataLoader(noisy_pairs(images[idx_te], 2), batch_size=128)

    model = DAE()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.StepLR(opt, step_size=6, gamma=0.3)
    best, state = float("inf"), None
    for epoch in range(10):
        model.train()
        for (clean,) in train_dl:
            noisy = clean + SIGMA * torch.randn_like(clean)  # fresh noise at every visit
            loss = nn.functional.mse_loss(model(noisy), clean)
            opt.zero_grad()
            loss.backward()
            opt.step()
        sched.step()
        val = mean_mse(model, val_dl)
        if val < best:
            best, state = val, copy.deepcopy(model.state_dict())
        print(f"epoch {epoch + 1:2d} val mse {val:.5f} lr {sched.get_last_lr()[0]:.1e}")
    model.load_state_dict(state)
    identity = sum(((n - c) ** 2).mean().item() * len(c) for n, c in test_dl) / len(idx_te)
    print(f"test mse {mean_mse(model, test_dl):.5f} (leaving the noise in: {identity:.5f})")


if __name__ == "__main__":
    main()

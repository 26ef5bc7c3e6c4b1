"""Machine-sound style anomaly detection: an autoencoder sees only normal windows, the alarm level comes from held-out normals."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def normal_windows(n, gen, length=64):
    t = torch.arange(length) / length
    f = 3 + 0.3 * torch.randn(n, 1, generator=gen)
    ph = 6.28 * torch.rand(n, 1, generator=gen)
    a = 1 + 0.1 * torch.randn(n, 1, generator=gen)
    x = a * torch.sin(6.28 * f * t + ph) + 0.4 * torch.sin(6.28 * 2 * f * t + 2 * ph)
    return x + 0.1 * torch.randn(n, length, generator=gen)


def broken_windows(n, gen):
    x = normal_windows(n, gen)
    kind = torch.randint(0, 2, (n,), generator=gen)
    pos = torch.randint(8, 48, (n,), generator=gen)
    for i in range(n):
        if kind[i] == 0:
            x[i, pos[i]:pos[i] + 6] += 1.5          # knock
        else:
            x[i] += 0.4 * torch.sin(torch.arange(64) * 1.9)  # whistle
    return x


class TCNAutoencoder(nn.Module):
    def __init__(self, code=6):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, 64)), nn.Conv1d(1, 12, 7, stride=4, padding=3), nn.ReLU(),
            nn.Conv1d(12, 24, 5, stride=4, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(96, code))
        self.decoder = nn.Sequential(
            nn.Linear(code, 96), nn.ReLU(), nn.Unflatten(1, (24, 4)),
            nn.ConvTranspose1d(24, 12, 4, stride=4), nn.ReLU(),
            nn.ConvTranspose1d(12, 1, 4, stride=4), nn.Flatten())

    def forward(self, x):
        return self.decoder(self.encoder(x))


def reconstruction_error(model, x):
    model.eval()
    with torch.no_grad():
        return (model(x) - x).pow(2).mean(1)


def auroc(neg, pos):
    gt = (pos[:, None] > neg[None, :]).float() + 0.5 * (pos[:, None] == neg[None, :]).float()
    return gt.mean().item()


if __name__ == "__main__":
    torch.manual_seed(2)
    gen = torch.Generator().manual_seed(2)
    train = normal_windows(800, gen)
    calib = normal_windows(200, gen)
    test_ok, test_bad = normal_windows(200, gen), broken_windows(200, gen)
    mean, std = train.mean(), train.std()
    train, calib, test_ok, test_bad = ((v - mean) / std for v in (train, calib, test_ok, test_bad))

    dl = DataLoader(TensorDataset(train), batch_size=32, shuffle=True)
    model = TCNAutoencoder()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)
    for epoch in range(14):
        model.train()
        total = 0.0
        for (x,) in dl:
            # denoising objective: corrupted in, clean out
            recon = model(x + 0.05 * torch.randn_like(x))
            loss = nn.functional.mse_loss(recon, x)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
        sched.step()
        if epoch % 4 == 1:
            print(f"epoch {epoch} train {total / len(train):.4f} calib {reconstruction_error(model, calib).mean().item():.4f}")

    level = torch.quantile(reconstruction_error(model, calib), 0.98)
    ok, bad = reconstruction_error(model, test_ok), reconstruction_error(model, test_bad)
    print(f"alarm level {level.item():.3f} false alarms {(ok > level).float().mean().item():.3f} "
          f"caught {(bad > level).float().mean().item():.3f} AUROC {auroc(ok, bad):.3f}")

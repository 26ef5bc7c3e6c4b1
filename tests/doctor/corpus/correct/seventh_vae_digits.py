"""Variational autoencoder for 8x8 digits (Bernoulli likelihood, KL warm-up, negative ELBO in nats)."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split


class VAE(nn.Module):
    def __init__(self, d_in=64, hidden=96, latent=8):
        super().__init__()
        self.latent = latent
        self.enc = nn.Sequential(nn.Linear(d_in, hidden), nn.ReLU())
        self.mu = nn.Linear(hidden, latent)
        self.logvar = nn.Linear(hidden, latent)
        self.dec = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, d_in))

    def encode(self, x):
        h = self.enc(x)
        return self.mu(h), self.logvar(h)

    @staticmethod
    def sample(mu, logvar):
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.dec(self.sample(mu, logvar)), mu, logvar

    @torch.no_grad()
    def generate(self, n):
        return torch.sigmoid(self.dec(torch.randn(n, self.latent)))


def elbo_terms(logits, x, mu, logvar):
    """Reconstruction and KL, summed over dimensions and averaged over the batch."""
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=1).mean()
    kl = (-0.5 * (1 + logvar - mu.pow(2) - logvar.exp())).sum(dim=1).mean()
    return rec, kl


@torch.no_grad()
def negative_elbo(model, loader, n_samples=5):
    model.eval()
    rec_sum = kl_sum = 0.0
    n = 0
    for (x,) in loader:
        mu, logvar = model.encode(x)
        for _ in range(n_samples):
            rec, _ = elbo_terms(model.dec(model.sample(mu, logvar)), x, mu, logvar)
            rec_sum += rec.item() * len(x) / n_samples
        _, kl = elbo_terms(model.dec(mu), x, mu, logvar)
        kl_sum += kl.item() * len(x)
        n += len(x)
    return rec_sum / n, kl_sum / n


def show(image):
    shades = " .:-=+*#%@"
    for row in image.view(8, 8):
        print("".join(shades[min(int(v * 10), 9)] * 2 for v in row.tolist()))


def main(epochs=20, warmup=5, lr=2e-3, seed=0):
    torch.manual_seed(seed)
    x = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
    x = (x > 0.5).float()                      # binary pixels fit the Bernoulli likelihood
    train, val, test = random_split(TensorDataset(x), [0.7, 0.15, 0.15])
    train_loader = DataLoader(train, batch_size=64, shuffle=True)
    val_loader = DataLoader(val, batch_size=256)
    test_loader = DataLoader(test, batch_size=256)

    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    best, best_state = float("inf"), None
    for epoch in range(epochs):
        beta = min(1.0, (epoch + 1) / warmup)
        model.train()
        for (batch,) in train_loader:
            logits, mu, logvar = model(batch)
            rec, kl = elbo_terms(logits, batch, mu, logvar)
            loss = rec + beta * kl
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        rec, kl = negative_elbo(model, val_loader)   # always with the full KL
        if (epoch + 1) % 4 == 0:
            print(f"epoch {epoch + 1:2d}: beta {beta:.1f}  val -ELBO {rec + kl:.2f} = {rec:.2f} + {kl:.2f}")
        if rec + kl < best:
            best, best_state = rec + kl, copy.deepcopy(model.state_dict())

    model.load_state_dict(best_state)
    rec, kl = negative_elbo(model, test_loader)
    print(f"test -ELBO {rec + kl:.2f} nats per image")
    show(model.generate(1)[0])


if __name__ == "__main__":
    main()

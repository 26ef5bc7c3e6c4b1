"""Variational autoencoder for the 8x8 digits, plain PyTorch."""
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split


class VAE(nn.Module):
    def __init__(self, latent=6, hidden=64):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, hidden), nn.ReLU())
        self.to_stats = nn.Linear(hidden, 2 * latent)
        self.dec = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, 64))

    def encode(self, x):
        mu, logvar = self.to_stats(self.enc(x)).chunk(2, dim=1)
        return mu, logvar

    def reparameterize(self, mu, logvar):
        if not self.training:
            return mu
        scale = logvar.mul(0.5).exp()
        return torch.addcmul(mu, scale, torch.randn_like(scale))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.dec(self.reparameterize(mu, logvar)), mu, logvar


def negative_elbo(logits, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = 0.5 * (mu.pow(2) + logvar.exp() - 1 - logvar).sum()
    return (rec + kl) / x.size(0)


class Trainer:
    def __init__(self, model, train_set, val_set, lr=2e-3, batch_size=64):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.train_loader = DataLoader(train_set, batch_size=batch_size, shuffle=True)
        self.val_loader = DataLoader(val_set, batch_size=256)

    def fit(self, epochs):
        for epoch in range(1, epochs + 1):
            self.model.train()
            for (x,) in self.train_loader:
                self.optimizer.zero_grad()
                logits, mu, logvar = self.model(x)
                negative_elbo(logits, x, mu, logvar).backward()
                self.optimizer.step()
            if epoch % 4 == 0:
                print(f"epoch {epoch:2d}  reconstruction {self.reconstruction():.2f} nats per image")

    @torch.no_grad()
    def reconstruction(self):
        self.model.eval()
        total, count = 0.0, 0
        for (x,) in self.val_loader:
            logits, _, _ = self.model(x)
            total += F.binary_cross_entropy_with_logits(logits, x, reduction="sum").item()
            count += x.size(0)
        return total / count


if __name__ == "__main__":
    torch.manual_seed(8)
    images = torch.tensor(load_digits().data, dtype=torch.float32) / 16.0
    splitter = torch.Generator().manual_seed(8)
    train_set, val_set = random_split(TensorDataset(images), [1500, 297], generator=splitter)
    Trainer(VAE(), train_set, val_set).fit(epochs=12)

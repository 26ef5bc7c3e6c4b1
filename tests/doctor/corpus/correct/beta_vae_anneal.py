"""VAE on binarised bar images: ELBO as sum over pixels / batch size, KL warm-up, free bits, importance-weighted test bound."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split


def bars(n, size=8, seed=0):
    g = torch.Generator().manual_seed(seed)
    img = torch.zeros(n, size, size)
    for i in range(n):
        rows = torch.rand(size, generator=g) < 0.2
        cols = torch.rand(size, generator=g) < 0.2
        img[i, rows, :] = 1
        img[i, :, cols] = 1
    return img.flatten(1)


class VAE(nn.Module):
    def __init__(self, d=64, h=96, z=10):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, 2 * z))
        self.dec = nn.Sequential(nn.Linear(z, h), nn.ReLU(), nn.Linear(h, d))

    def encode(self, x):
        mu, logvar = self.enc(x).chunk(2, dim=-1)
        return mu, logvar.clamp(-8, 8)

    def reparam(self, mu, logvar):
        return mu + torch.randn_like(mu) * (0.5 * logvar).exp()

    def forward(self, x):
        mu, logvar = self.encode(x)
        # the posterior is sampled in training and in evaluation alike: the ELBO is an expectation
        return self.dec(self.reparam(mu, logvar)), mu, logvar


def terms(logits, x, mu, logvar):
    # one value per sample: sum over pixels, never the mean, or the KL would weigh 64 times too much
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl_dim = 0.5 * (mu.square() + logvar.exp() - 1 - logvar)
    return rec, kl_dim


def objective(rec, kl_dim, beta, free_bits):
    kl = kl_dim.mean(0).clamp(min=free_bits).sum()  # floor per latent dimension, after the batch mean
    return rec.mean() + beta * kl


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    total, n = 0.0, 0
    for (x,) in loader:
        rec, kl = terms(*unpack(model, x))
        total += (rec + kl.sum(1)).sum().item()  # beta is 1 for the bound that we report
        n += len(x)
    return total / n


def unpack(model, x):
    logits, mu, logvar = model(x)
    return logits, x, mu, logvar


@torch.no_grad()
def iwae(model, loader, k=20):
    """-log p(x) bound with k importance samples."""
    model.eval()
    total, n = 0.0, 0
    for (x,) in loader:
        mu, logvar = model.encode(x)
        mu, logvar = mu.expand(k, *mu.shape), logvar.expand(k, *logvar.shape)
        z = model.reparam(mu, logvar)
        logits = model.dec(z)
        log_px = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
        log_pz = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
        log_qz = torch.distributions.Normal(mu, (0.5 * logvar).exp()).log_prob(z).sum(-1)
        total += -(torch.logsumexp(log_px + log_pz - log_qz, 0) - math.log(k)).sum().item()
        n += len(x)
    return total / n


def main(epochs=12, warm=6):
    torch.manual_seed(0)
    data = TensorDataset(bars(1200))
    tr, va, te = random_split(data, [900, 150, 150], generator=torch.Generator().manual_seed(1))
    loaders = [DataLoader(s, batch_size=64, shuffle=i == 0) for i, s in enumerate((tr, va, te))]
    model = VAE()
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
    best, best_state = float("inf"), None
    for epoch in range(epochs):
        beta = min(1.0, (epoch + 1) / warm)
        model.train()
        running = 0.0
        for (x,) in loaders[0]:
            loss = objective(*terms(*unpack(model, x)), beta, free_bits=0.02)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 20.0)
            opt.step()
            running += loss.item() * len(x)
        val = evaluate(model, loaders[1])
        if val < best:
            best, best_state = val, {k: v.clone() for k, v in model.state_dict().items()}
        print(f"{epoch:2d} beta {beta:.2f} train {running / len(tr):.2f} val -elbo {val:.2f}")
    model.load_state_dict(best_state)
    print(f"test -elbo {evaluate(model, loaders[2]):.2f}  iwae {iwae(model, loaders[2]):.2f}")


if __name__ == "__main__":
    main()

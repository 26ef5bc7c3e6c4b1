"""VAE on a bars-and-stripes data set with KL warm-up."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

cfg = dict(seed=21, side=8, hidden=96, latent=6, lr=2e-3, batch=64, epochs=15, warmup=5)


def bars(n, side):
    keep = (torch.rand(n, side) < 0.35).float()
    img = keep[:, :, None].expand(n, side, side)
    flip = torch.rand(n) < 0.5
    img = torch.where(flip[:, None, None], img.transpose(1, 2), img)
    noise = (torch.rand(n, side, side) < 0.02).float()
    return (img - noise).abs().flatten(1)


class VAE(nn.Module):
    def __init__(self, d, hidden, latent):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, hidden), nn.ReLU())
        self.mu = nn.Linear(hidden, latent)
        self.logvar = nn.Linear(hidden, latent)
        self.dec = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, d))

    def encode(self, x):
        h = self.enc(x)
        return self.mu(h), self.logvar(h)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec(z), mu, logvar


def elbo_terms(logits, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).mean()
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
    return rec, kl


def evaluate(model, loader):
    model.eval()
    rec_sum = kl_sum = 0.0
    with torch.no_grad():
        for (x,) in loader:
            rec, kl = elbo_terms(*with_input(model, x))
            rec_sum += rec.item() * len(x)
            kl_sum += kl.item() * len(x)
    n = len(loader.dataset)
    return rec_sum / n, kl_sum / n


def with_input(model, x):
    logits, mu, logvar = model(x)
    return logits, x, mu, logvar


def main():
    torch.manual_seed(cfg["seed"])
    d = cfg["side"] ** 2
    train = DataLoader(TensorDataset(bars(1000, cfg["side"])), batch_size=cfg["batch"], shuffle=True)
    test = DataLoader(TensorDataset(bars(300, cfg["side"])), batch_size=100)
    model = VAE(d, cfg["hidden"], cfg["latent"])
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])

    for epoch in range(cfg["epochs"]):
        beta = min(1.0, (epoch + 1) / cfg["warmup"])
        model.train()
        for (x,) in train:
            rec, kl = elbo_terms(*with_input(model, x))
            loss = rec + beta * kl
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        rec, kl = evaluate(model, test)
        print(f"[{epoch:02d}] beta={beta:.1f} test rec={rec:.2f} kl={kl:.2f} elbo={-(rec + kl):.2f}")

    with torch.no_grad():
        samples = torch.sigmoid(model.dec(torch.randn(2, cfg["latent"])))
    for img in samples.view(2, cfg["side"], cfg["side"]):
        print("\n".join("".join("#" if v > 0.5 else "." for v in row) for row in img.tolist()), end="\n\n")


if __name__ == "__main__":
    main()

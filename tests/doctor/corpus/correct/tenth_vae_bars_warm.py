import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SIDE = 8


def bars(n, generator):
    """Images in which each row or each column is lit with probability 0.3."""
    lit = torch.rand(n, SIDE, generator=generator) < 0.3
    vertical = torch.rand(n, 1, 1, generator=generator) < 0.5
    rows = lit.unsqueeze(2).expand(n, SIDE, SIDE)
    return torch.where(vertical, rows.transpose(1, 2), rows).float().flatten(1)


class VAE(nn.Module):
    def __init__(self, latent=10, hidden=128):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(SIDE * SIDE, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent))
        self.dec = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, SIDE * SIDE))
        self.latent = latent

    def forward(self, x):
        mu, logvar = self.enc(x).chunk(2, dim=1)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar


def elbo_terms(model, x):
    """Reconstruction and KL in nats, one value an image."""
    logits, mu, logvar = model(x)
    recon = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=1)
    kl = 0.5 * (mu.pow(2) + logvar.exp() - 1 - logvar).sum(dim=1)
    return recon, kl


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    recon_sum = kl_sum = 0.0
    for (x,) in loader:
        recon, kl = elbo_terms(model, x)
        recon_sum += recon.sum().item()
        kl_sum += kl.sum().item()
    n = len(loader.dataset)
    return recon_sum / n, kl_sum / n


def main():
    torch.manual_seed(9)
    gen = torch.Generator().manual_seed(10)
    train = DataLoader(TensorDataset(bars(2000, gen)), batch_size=100, shuffle=True)
    test = DataLoader(TensorDataset(bars(500, gen)), batch_size=250)
    model = VAE()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    epochs = 15
    for epoch in range(epochs):
        model.train()
        beta = min(1.0, (epoch + 1) / 5)
        for (x,) in train:
            recon, kl = elbo_terms(model, x)
            loss = (recon + beta * kl).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 4:
            recon, kl = evaluate(model, test)
            print(f"epoch {epoch + 1}: test -ELBO {recon + kl:.2f} = {recon:.2f} + KL {kl:.2f}")
    with torch.no_grad():
        image = model.dec(torch.randn(1, model.latent)).sigmoid().view(SIDE, SIDE)
    for row in image:
        print("".join("#" if v > 0.5 else "." for v in row))


if __name__ == "__main__":
    main()

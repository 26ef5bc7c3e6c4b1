import torch
from torch import nn
from torch.distributions import Normal
from torch.nn import functional as F


class VAE(nn.Module):
    def __init__(self, d_x=16, d_h=64, d_z=3):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d_x, d_h), nn.Tanh(), nn.Linear(d_h, 2 * d_z))
        self.dec = nn.Sequential(nn.Linear(d_z, d_h), nn.Tanh(), nn.Linear(d_h, d_x))

    def posterior(self, x):
        mu, logvar = self.enc(x).chunk(2, dim=-1)
        return Normal(mu, logvar.mul(0.5).exp()), mu, logvar

    def forward(self, x):
        q, mu, logvar = self.posterior(x)
        return self.dec(q.rsample()), mu, logvar


def neg_elbo(x, x_hat, mu, logvar, sigma=0.5):
    rec = F.mse_loss(x_hat, x, reduction="none").sum(1) / (2 * sigma ** 2)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return rec.mean(), kl.mean()


def toy_images(n):
    t = torch.linspace(0, 3.1416, 16)
    amp = 1 + 0.5 * torch.rand(n, 1)
    phase = 2 * torch.rand(n, 1)
    return amp * torch.sin(t + phase) + 0.1 * torch.randn(n, 16)


def main(epochs=15, batch=64):
    torch.manual_seed(8)
    train, test = toy_images(1600), toy_images(400)
    model = VAE()
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(1, epochs + 1):
        model.train()
        sums = [0.0, 0.0]
        for idx in torch.randperm(len(train)).split(batch):
            x = train[idx]
            rec, kl = neg_elbo(x, *model(x))
            optimiser.zero_grad()
            (rec + kl).backward()
            optimiser.step()
            sums[0] += rec.item() * len(x)
            sums[1] += kl.item() * len(x)
        if epoch % 5 == 0:
            print(f"{epoch:3d}  rec {sums[0] / len(train):.3f}  kl {sums[1] / len(train):.3f}")
    model.eval()
    with torch.no_grad():
        rec, kl = neg_elbo(test, *model(test))
    print(f"test -ELBO {rec.item() + kl.item():.3f}")


main()

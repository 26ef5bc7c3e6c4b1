import torch
from torch import nn, optim
from torch.distributions import Normal, kl_divergence
from torch.utils.data import DataLoader

# %% Daten: 40-dimensionale Kurven mit zwei freien Parametern
torch.manual_seed(1)
grid = torch.linspace(0, 6.28, 40)


def kurven(n):
    a, b = 0.5 + torch.rand(n, 1), 6.28 * torch.rand(n, 1)
    return a * torch.sin(grid + b) + 0.05 * torch.randn(n, 40)


train_dl = DataLoader(kurven(1500), batch_size=50, shuffle=True)
test_x = kurven(300)

# %% Modell
encoder = nn.Sequential(nn.Linear(40, 64), nn.Tanh(), nn.Linear(64, 2 * 3))
decoder = nn.Sequential(nn.Linear(3, 64), nn.Tanh(), nn.Linear(64, 40))
prior = Normal(0.0, 1.0)
mse = nn.MSELoss(reduction="sum")


def posterior(x):
    mu, raw = encoder(x).chunk(2, dim=1)
    return Normal(mu, nn.functional.softplus(raw) + 1e-4)


def step_loss(x):
    q = posterior(x)
    recon = mse(decoder(q.rsample()), x) / len(x)
    kl = kl_divergence(q, prior).sum(dim=1).mean()
    return recon + kl


# %% Training
opt = optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
for epoch in range(20):
    for x in train_dl:
        opt.zero_grad()
        loss = step_loss(x)
        loss.backward()
        opt.step()

# %% Auswertung mit dem Mittelwert der Posterior
with torch.no_grad():
    q = posterior(test_x)
    print("Rekonstruktionsfehler", (decoder(q.mean) - test_x).pow(2).mean().item())
    print("KL", kl_divergence(q, prior).sum(1).mean().item())

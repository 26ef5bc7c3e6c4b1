import torch
import torch.nn as nn
from torch.utils.data import DataLoader


def normal_points(n, gen):
    z = torch.randn(n, 3, generator=gen)
    basis = torch.linspace(-1, 1, 3 * 12).reshape(3, 12).cos()
    return z @ basis + 0.05 * torch.randn(n, 12, generator=gen)


class AE(nn.Module):
    def __init__(self, d=12, k=3):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(d, 32), nn.ELU(), nn.Linear(32, k))
        self.decoder = nn.Sequential(nn.Linear(k, 32), nn.ELU(), nn.Linear(32, d))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def reconstruction_error(model, x):
    model.eval()
    with torch.no_grad():
        return (model(x) - x).pow(2).mean(dim=1)


def auc(normal, odd):
    diff = odd[:, None] - normal[None, :]
    return ((diff > 0).float() + 0.5 * (diff == 0).float()).mean().item()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    train, val, test = normal_points(600, gen), normal_points(150, gen), normal_points(150, gen)
    odd = torch.randn(150, 12, generator=gen)
    mu, sd = train.mean(0), train.std(0)
    train, val, test, odd = ((t - mu) / sd for t in (train, val, test, odd))

    model = AE()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-5)
    loader = DataLoader(train, batch_size=50, shuffle=True)
    for epoch in range(8):
        model.train()
        for x in loader:
            noisy = x + 0.1 * torch.randn_like(x)
            loss = nn.functional.mse_loss(model(noisy), x)
            opt.zero_grad()
            loss.backward()
            opt.step()
    threshold = reconstruction_error(model, val).quantile(0.95)
    e_test, e_odd = reconstruction_error(model, test), reconstruction_error(model, odd)
    print("AUC", auc(e_test, e_odd))
    print("false alarms", (e_test > threshold).float().mean().item(), "found", (e_odd > threshold).float().mean().item())


main()

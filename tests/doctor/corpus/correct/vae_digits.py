"""VAE auf Ziffern: ELBO pro Bild (Summe über Pixel/Latente, Mittel über Batch), KL-Aufwärmphase."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class VAE(nn.Module):
    def __init__(self, d=64, h=96, z=8):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, h), nn.ReLU())
        self.mu, self.logvar = nn.Linear(h, z), nn.Linear(h, z)
        self.dec = nn.Sequential(nn.Linear(z, h), nn.ReLU(), nn.Linear(h, d))

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar


def elbo_terms(x, logits, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).mean()
    kl = (-0.5 * (1 + logvar - mu.pow(2) - logvar.exp())).sum(1).mean()
    return rec, kl


def main():
    torch.manual_seed(44)
    x = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
    x = (x > 0.5).float()  # binarisiert: Bernoulli-Likelihood ist exakt
    idx_tr, idx_te = train_test_split(range(len(x)), test_size=0.2, random_state=44)
    train_dl = DataLoader(TensorDataset(x[idx_tr]), batch_size=64, shuffle=True)
    x_te = x[idx_te]
    model = VAE()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    epochs, warm = 15, 5
    for epoch in range(epochs):
        beta = min(1.0, (epoch + 1) / warm)
        model.train()
        for (xb,) in train_dl:
            rec, kl = elbo_terms(xb, *model(xb))
            loss = rec + beta * kl
            opt.zero_grad()
            loss.backward()
            opt.step()
        if (epoch + 1) % 5 == 0:
            model.eval()
            with torch.no_grad():
                # negative ELBO ohne Aufwärmgewicht, Mittel über 8 Stichproben
                vals = [sum(elbo_terms(x_te, *model(x_te))).item() for _ in range(8)]
            print(f"Epoche {epoch + 1:2d} beta={beta:.1f} Test -ELBO {sum(vals) / len(vals):.2f} nats")
    with torch.no_grad():
        probs = torch.sigmoid(model.dec(torch.randn(2, 8)))
    for img in (probs > 0.5).view(2, 8, 8).tolist():
        print("\n".join("".join("#" if p else "." for p in row) for row in img) + "\n")


if __name__ == "__main__":
    main()

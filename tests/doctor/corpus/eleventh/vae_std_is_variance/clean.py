import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


class VAE(nn.Module):
    def __init__(self, d_in=20, d_hidden=64, d_latent=3):
        super().__init__()
        self.fc1 = nn.Linear(d_in, d_hidden)
        self.fc_mu = nn.Linear(d_hidden, d_latent)
        self.fc_logvar = nn.Linear(d_hidden, d_latent)
        self.fc3 = nn.Linear(d_latent, d_hidden)
        self.fc4 = nn.Linear(d_hidden, d_in)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc_mu(h), self.fc_logvar(h)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + std * torch.randn_like(std)

    def decode(self, z):
        return self.fc4(F.relu(self.fc3(z)))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def negative_elbo(recon, x, mu, logvar):
    rec = 0.5 * F.mse_loss(recon, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return rec + kld


def run_epoch(model, loader, optimizer=None):
    model.train(optimizer is not None)
    total = 0.0
    with torch.set_grad_enabled(optimizer is not None):
        for (x,) in loader:
            recon, mu, logvar = model(x)
            loss = negative_elbo(recon, x, mu, logvar)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item()
    return total / len(loader.dataset)


torch.manual_seed(1)
factors = torch.randn(1200, 3)
data = torch.tanh(factors @ torch.randn(3, 20)) * 3 + torch.randn(1200, 20)
train_loader = DataLoader(TensorDataset(data[:1000]), batch_size=50, shuffle=True)
test_loader = DataLoader(TensorDataset(data[1000:]), batch_size=50)
model = VAE()
adam = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(1, 13):
    tr = run_epoch(model, train_loader, adam)
    if epoch % 4 == 0:
        print(f"epoch {epoch}: train -ELBO {tr:.3f}, test -ELBO {run_epoch(model, test_loader):.3f}")

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader


class VAE(nn.Module):
    def __init__(self, d=64, h=64, z=4):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(d, h)
        self.fc_mu = nn.Linear(h, z)
        self.fc_logvar = nn.Linear(h, z)
        self.fc3 = nn.Linear(z, h)
        self.fc4 = nn.Linear(h, d)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc_mu(h), self.fc_logvar(h)

    def reparameterize(self, mu, logvar):
        if not self.training:
            return mu
        std = torch.exp(0.5 * logvar)
        return mu + std * torch.randn_like(std)

    def decode(self, z):
        return self.fc4(F.relu(self.fc3(z)))

    def forward(self, x):
        mu, logvar = self.encode(x.flatten(1))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def elbo_terms(logits, x, mu, logvar):
    bce = F.binary_cross_entropy_with_logits(logits, x.flatten(1), reduction="none").sum(1)
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1)
    return bce.mean(), kld.mean()


def bars(n):
    img = torch.zeros(n, 1, 8, 8)
    rows = torch.rand(n, 8) < 0.25
    img[:, 0] = rows[:, :, None].float()
    return img


def train(epoch, model, loader, optimizer, beta):
    model.train()
    total = 0
    for data in loader:
        optimizer.zero_grad()
        recon, mu, logvar = model(data)
        bce, kld = elbo_terms(recon, data, mu, logvar)
        loss = bce + beta * kld
        loss.backward()
        total += loss.item() * data.size(0)
        optimizer.step()
    print(f"====> Epoch: {epoch} beta {beta:.2f} average loss: {total / len(loader.dataset):.4f}")


def test(model, loader):
    model.eval()
    test_loss = 0
    with torch.no_grad():
        for data in loader:
            recon, mu, logvar = model(data)
            bce, kld = elbo_terms(recon, data, mu, logvar)
            test_loss += (bce + kld).item() * data.size(0)
    print("====> Test -ELBO: {:.4f}".format(test_loss / len(loader.dataset)))


torch.manual_seed(1)
train_loader = DataLoader(bars(512), batch_size=64, shuffle=True)
test_loader = DataLoader(bars(128), batch_size=64, shuffle=False)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(1, 6):
    train(epoch, model, train_loader, optimizer, beta=min(1.0, epoch / 3))
    test(model, test_loader)
with torch.no_grad():
    sample = torch.sigmoid(model.decode(torch.randn(4, 4))).view(4, 1, 8, 8)
print(sample.shape)

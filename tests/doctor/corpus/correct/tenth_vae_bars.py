# VAE on binary "bars" images
import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
SIDE = 6


def bars(n):
    rows = (torch.rand(n, SIDE, 1) < 0.25).float().expand(n, SIDE, SIDE)
    cols = (torch.rand(n, 1, SIDE) < 0.25).float().expand(n, SIDE, SIDE)
    return torch.maximum(rows, cols).reshape(n, -1)


class VAE(nn.Module):
    def __init__(self, d=SIDE * SIDE, h=64, z=8):
        super().__init__()
        self.fc1 = nn.Linear(d, h)
        self.fc_mu = nn.Linear(h, z)
        self.fc_logvar = nn.Linear(h, z)
        self.fc3 = nn.Linear(z, h)
        self.fc4 = nn.Linear(h, d)
        self.z = z

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc_mu(h), self.fc_logvar(h)

    def reparameterize(self, mu, logvar):
        return mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)

    def decode(self, z):
        return self.fc4(F.relu(self.fc3(z)))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def elbo_terms(logits, x, mu, logvar):
    """Reconstruction and KL, both summed over the batch."""
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce, kld


train_loader = DataLoader(TensorDataset(bars(2000)), batch_size=100, shuffle=True)
test_loader = DataLoader(TensorDataset(bars(400)), batch_size=100)
model = VAE()
optimizer = optim.Adam(model.parameters(), lr=3e-3)


def train():
    model.train()
    total = 0.0
    for (x,) in train_loader:
        optimizer.zero_grad()
        logits, mu, logvar = model(x)
        bce, kld = elbo_terms(logits, x, mu, logvar)
        loss = (bce + kld) / x.size(0)
        loss.backward()
        optimizer.step()
        total += (bce + kld).item()
    return total / len(train_loader.dataset)


def test():
    model.eval()
    bce_sum = kld_sum = 0.0
    with torch.no_grad():
        for (x,) in test_loader:
            logits, mu, logvar = model(x)
            bce, kld = elbo_terms(logits, x, mu, logvar)
            bce_sum += bce.item()
            kld_sum += kld.item()
    n = len(test_loader.dataset)
    return bce_sum / n, kld_sum / n


for epoch in range(1, 16):
    train_loss = train()
    if epoch % 5 == 0:
        bce, kld = test()
        print(f"epoch {epoch}: train {train_loss:.2f}  test bce {bce:.2f} kld {kld:.2f}")

with torch.no_grad():
    sample = torch.sigmoid(model.decode(torch.randn(1, model.z))).view(SIDE, SIDE)
for row in (sample > 0.5).int().tolist():
    print("".join("#" if v else "." for v in row))

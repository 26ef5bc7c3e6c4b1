import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)


def bars(n, side=8):
    """binary images with one horizontal and one vertical bar"""
    img = torch.zeros(n, side, side)
    r, c = torch.randint(side, (n,)), torch.randint(side, (n,))
    img[torch.arange(n), r, :] = 1.0
    img[torch.arange(n), :, c] = 1.0
    return img.view(n, -1)


class VAE(nn.Module):
    def __init__(self, d=64, h=128, z=8):
        super().__init__()
        self.fc1 = nn.Linear(d, h)
        self.fc21 = nn.Linear(h, z)
        self.fc22 = nn.Linear(h, z)
        self.fc3 = nn.Linear(z, h)
        self.fc4 = nn.Linear(h, d)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + std * torch.randn_like(std)

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    bce = F.binary_cross_entropy(recon_x, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
train_loader = DataLoader(TensorDataset(bars(2000)), batch_size=64, shuffle=True)

for epoch in range(1, 16):
    model.train()
    for (data,) in train_loader:
        optimizer.zero_grad()
        recon, mu, logvar = model(data)
        loss = loss_function(recon, data, mu, logvar)
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    x = bars(500)
    mu, logvar = model.encode(x)
    print("spread of mu per latent", [round(s, 2) for s in mu.std(0).tolist()])
    print("reconstruction error per image", ((model.decode(mu) - x) ** 2).sum(1).mean().item())

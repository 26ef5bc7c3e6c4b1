import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class VAE(nn.Module):
    def __init__(self, n=784, z=20):
        super().__init__()
        self.enc = nn.Linear(n, 400)
        self.mu, self.logvar = nn.Linear(400, z), nn.Linear(400, z)
        self.dec = nn.Sequential(nn.Linear(z, 400), nn.ReLU(), nn.Linear(400, n))

    def encode(self, x):
        h = F.relu(self.enc(x))
        return self.mu(h), self.logvar(h)

    def forward(self, x):
        mu, logvar = self.encode(x.flatten(1))
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar) if self.training else mu
        return self.dec(z), mu, logvar


def elbo(logits, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x.flatten(1), reduction="none").sum(1)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return (rec + kl).mean()


def distil(teacher, student, loader, epochs=3, T=4.0, alpha=0.7):
    teacher.eval()
    for p in teacher.parameters():
        p.requires_grad = False
    opt = torch.optim.Adam(student.parameters(), lr=1e-3)
    for _ in range(epochs):
        student.train()
        for x, y in loader:
            with torch.no_grad():
                soft = F.softmax(teacher(x) / T, dim=1)
            out = student(x)
            kd = F.kl_div(F.log_softmax(out / T, dim=1), soft, reduction="batchmean") * T * T
            loss = alpha * kd + (1 - alpha) * F.cross_entropy(out, y)
            opt.zero_grad()
            loss.backward()
            opt.step()


def train_vae(loader, epochs=5):
    vae = VAE()
    opt = torch.optim.Adam(vae.parameters(), lr=1e-3)
    for epoch in range(epochs):
        vae.train()
        total = 0.0
        for x, _ in loader:
            opt.zero_grad()
            loss = elbo(*(lambda o: (o[0], x, o[1], o[2]))(vae(x)))
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
        print(epoch, total / len(loader.dataset))
    vae.eval()
    with torch.no_grad():
        pictures = torch.sigmoid(vae.dec(torch.randn(16, 20)))
    return vae, pictures


if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.rand(2048, 1, 28, 28)
    y = torch.randint(0, 10, (2048,))
    loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
    train_vae(loader)
    big = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.3), nn.Linear(512, 10))
    big.load_state_dict(torch.load("teacher.pt", weights_only=True))
    small = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))
    distil(big, small, loader)

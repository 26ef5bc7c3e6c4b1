import torch
import torch.utils.data
from torch import nn, optim
from torch.nn import functional as F

torch.manual_seed(1)
BATCH = 64
SIDE = 12


def squares(n):
    """Binary images with one axis-parallel rectangle each."""
    grid = torch.arange(SIDE)
    x0 = torch.randint(0, 6, (n, 1))
    y0 = torch.randint(0, 6, (n, 1))
    w = torch.randint(2, 7, (n, 1))
    h = torch.randint(2, 7, (n, 1))
    col = (grid >= x0) & (grid < x0 + w)
    row = (grid >= y0) & (grid < y0 + h)
    return (row[:, :, None] & col[:, None, :]).float().view(n, 1, SIDE, SIDE)


train_loader = torch.utils.data.DataLoader(squares(3000), batch_size=BATCH, shuffle=True)
test_loader = torch.utils.data.DataLoader(squares(500), batch_size=BATCH, shuffle=False)


class VAE(nn.Module):
    def __init__(self, z=6):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(SIDE * SIDE, 128)
        self.fc21 = nn.Linear(128, z)
        self.fc22 = nn.Linear(128, z)
        self.fc3 = nn.Linear(z, 128)
        self.fc4 = nn.Linear(128, SIDE * SIDE)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        h3 = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h3))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, SIDE * SIDE))
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar


model = VAE()
optimizer = optim.Adam(model.parameters(), lr=2e-3)


def loss_function(recon_x, x, mu, logvar):
    """Negative ELBO of a batch, divided by the number of images."""
    n = x.size(0)
    BCE = F.binary_cross_entropy(recon_x, x.view(-1, SIDE * SIDE), reduction='sum') / n
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / n
    return BCE + KLD


def train(epoch):
    model.train()
    train_loss = 0
    for data in train_loader:
        optimizer.zero_grad()
        recon, mu, logvar = model(data)
        loss = loss_function(recon, data, mu, logvar)
        loss.backward()
        train_loss += loss.item() * len(data)
        optimizer.step()
    print('====> Epoch: {} Average loss: {:.4f}'.format(epoch, train_loss / len(train_loader.dataset)))


def test(epoch):
    model.eval()
    wrong_pixels = 0
    with torch.no_grad():
        for data in test_loader:
            mu, _ = model.encode(data.flatten(1))
            picture = model.decode(mu).view_as(data)
            wrong_pixels += ((picture > 0.5) != (data > 0.5)).sum().item()
    print('====> Test images: {:.1f} wrong pixels per image'.format(wrong_pixels / len(test_loader.dataset)))


for epoch in range(1, 16):
    train(epoch)
    if epoch % 5 == 0:
        test(epoch)

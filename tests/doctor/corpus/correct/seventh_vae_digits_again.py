from __future__ import print_function
import argparse

import torch
import torch.utils.data
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn, optim
from torch.nn import functional as F

parser = argparse.ArgumentParser(description='VAE on binarised 8x8 digits')
parser.add_argument('--batch-size', type=int, default=100, metavar='N')
parser.add_argument('--epochs', type=int, default=12, metavar='N')
parser.add_argument('--seed', type=int, default=1, metavar='S')
parser.add_argument('--log-interval', type=int, default=4, metavar='N')
parser.add_argument('--iw-samples', type=int, default=20, metavar='K',
                    help='samples for the importance-weighted bound at the end')
args = parser.parse_args()
torch.manual_seed(args.seed)

images = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
images = (images > 0.5).float()
train_x, test_x = train_test_split(images, test_size=0.2, random_state=args.seed)
train_loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(train_x),
                                           batch_size=args.batch_size, shuffle=True)
test_loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(test_x),
                                          batch_size=args.batch_size, shuffle=False)


class VAE(nn.Module):
    def __init__(self, d=64, h=128, z=8):
        super(VAE, self).__init__()
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
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        return self.fc4(F.relu(self.fc3(z)))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 64))
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar


model = VAE()
optimizer = optim.Adam(model.parameters(), lr=2e-3)


# Reconstruction + KL divergence summed over pixels, latents and batch
def loss_function(recon_logits, x, mu, logvar, beta):
    BCE = F.binary_cross_entropy_with_logits(recon_logits, x.view(-1, 64), reduction='sum')
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + beta * KLD


def train(epoch):
    model.train()
    train_loss = 0
    beta = min(1.0, epoch / 5)  # KL warm-up
    for batch_idx, (data,) in enumerate(train_loader):
        optimizer.zero_grad()
        recon_batch, mu, logvar = model(data)
        loss = loss_function(recon_batch, data, mu, logvar, beta)
        (loss / len(data)).backward()
        train_loss += loss.item()
        optimizer.step()
    if epoch % args.log_interval == 0:
        print('====> Epoch: {} Average loss: {:.4f} (beta {:.1f})'.format(
            epoch, train_loss / len(train_loader.dataset), beta))


def test(epoch):
    model.eval()
    test_loss = 0
    with torch.no_grad():
        for (data,) in test_loader:
            recon_batch, mu, logvar = model(data)
            test_loss += loss_function(recon_batch, data, mu, logvar, 1.0).item()
    test_loss /= len(test_loader.dataset)
    print('====> Test set -ELBO after epoch {}: {:.4f}'.format(epoch, test_loss))


@torch.no_grad()
def iwae_bound(k):
    model.eval()
    total = 0.0
    for (x,) in test_loader:
        mu, logvar = model.encode(x)
        q = torch.distributions.Normal(mu, (0.5 * logvar).exp())
        z = q.sample((k,))
        logits = model.decode(z)
        logpx = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction='none').sum(-1)
        logw = logpx + torch.distributions.Normal(0., 1.).log_prob(z).sum(-1) - q.log_prob(z).sum(-1)
        total += (torch.logsumexp(logw, 0) - torch.log(torch.tensor(float(k)))).sum().item()
    return total / len(test_loader.dataset)


if __name__ == "__main__":
    for epoch in range(1, args.epochs + 1):
        train(epoch)
    test(args.epochs)
    print('IWAE bound (k={}): {:.4f}'.format(args.iw_samples, iwae_bound(args.iw_samples)))
    with torch.no_grad():
        sample = torch.sigmoid(model.decode(torch.randn(1, 8))).view(8, 8)
    for row in sample:
        print(''.join('#' if v > 0.5 else '.' for v in row))

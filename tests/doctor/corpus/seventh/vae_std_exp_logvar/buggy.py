import torch
import torch.nn as nn
import torch.nn.functional as F


class VAE(nn.Module):
    def __init__(self, n_in, n_hidden, n_z):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(n_in, n_hidden)
        self.fc21 = nn.Linear(n_hidden, n_z)
        self.fc22 = nn.Linear(n_hidden, n_z)
        self.fc3 = nn.Linear(n_z, n_hidden)
        self.fc4 = nn.Linear(n_hidden, n_in)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def sample_z(self, mu, logvar):
        spread = logvar.exp()
        return torch.addcmul(mu, spread, torch.randn_like(mu))

    def decode(self, z):
        return self.fc4(F.relu(self.fc3(z)))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.sample_z(mu, logvar)), mu, logvar


def negative_elbo(logits, x, mu, logvar):
    # both terms in nats per image
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction='sum')
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (rec + kl) / x.size(0)


def bars(n, side=8):
    """Images with random horizontal and vertical bars."""
    rows = (torch.rand(n, side, 1) < 0.25).float()
    cols = (torch.rand(n, 1, side) < 0.25).float()
    return torch.max(rows, cols).view(n, side * side)


torch.manual_seed(3)
train_x, test_x = bars(1600), bars(400)
model = VAE(64, 96, 12)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(1, 9):
    model.train()
    train_loss = 0
    for idx in torch.randperm(len(train_x)).split(64):
        data = train_x[idx]
        optimizer.zero_grad()
        recon, mu, logvar = model(data)
        loss = negative_elbo(recon, data, mu, logvar)
        loss.backward()
        train_loss += loss.item() * len(idx)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        recon, mu, logvar = model(test_x)
        test_loss = negative_elbo(recon, test_x, mu, logvar).item()
    print('====> Epoch: {} train {:.2f} test {:.2f}'.format(epoch, train_loss / len(train_x), test_loss))

with torch.no_grad():
    fantasy = torch.sigmoid(model.decode(torch.randn(16, 12)))
print('mean pixel of samples {:.3f}, of data {:.3f}'.format(fantasy.mean().item(), train_x.mean().item()))

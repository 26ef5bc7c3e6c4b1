import torch
import torch.nn as nn
import torch.nn.functional as F


class VAE(nn.Module):
    # 간단한 VAE: 16차원 입력, 2차원 잠재 변수
    def __init__(self, input_dim=16, hidden_dim=64, latent_dim=2):
        super().__init__()
        self.fc1 = nn.Linear(input_dim, hidden_dim)
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)
        self.fc_logvar = nn.Linear(hidden_dim, latent_dim)
        self.fc3 = nn.Linear(latent_dim, hidden_dim)
        self.fc4 = nn.Linear(hidden_dim, input_dim)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc_mu(h), self.fc_logvar(h)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        return self.fc4(F.relu(self.fc3(z)))

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar


def loss_function(recon, x, mu, logvar):
    # 재구성 오차(단위 분산 가우시안) + KL
    rec = 0.5 * F.mse_loss(recon, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (rec + kld) / x.size(0), rec / x.size(0), kld / x.size(0)


def make_dataset(n):
    angle = torch.rand(n, 1) * 6.2832
    radius = 1 + 0.1 * torch.randn(n, 1)
    base = torch.cat([radius * angle.cos(), radius * angle.sin()], dim=1)
    g = torch.Generator().manual_seed(0)
    proj = torch.randn(2, 16, generator=g)
    return base @ proj + 0.3 * torch.randn(n, 16)


def main():
    torch.manual_seed(42)
    train_x, test_x = make_dataset(1000), make_dataset(300)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(1, 16):
        model.train()
        for idx in torch.randperm(len(train_x)).split(50):
            x = train_x[idx]
            recon, mu, logvar = model(x)
            loss, _, _ = loss_function(recon, x, mu, logvar)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 0:
            model.eval()
            with torch.no_grad():
                recon, mu, logvar = model(test_x)
                total, rec, kld = loss_function(recon, test_x, mu, logvar)
            print(f"epoch {epoch}: -ELBO {total:.3f} (rec {rec:.3f}, kl {kld:.3f})")


if __name__ == "__main__":
    main()

"""VQ autoencoder with a straight-through estimator, codebook loss and commitment loss."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class VectorQuantizer(nn.Module):
    def __init__(self, n_codes, dim, beta=0.25):
        super().__init__()
        self.codes = nn.Parameter(torch.randn(n_codes, dim))
        self.beta = beta

    def forward(self, z):
        idx = torch.cdist(z.detach(), self.codes.detach()).argmin(dim=1)
        q = self.codes[idx]
        codebook = F.mse_loss(q, z.detach())
        commitment = F.mse_loss(z, q.detach())
        q = z + (q - z).detach()
        return q, idx, codebook + self.beta * commitment


class VQAE(nn.Module):
    def __init__(self, d_in, dim=2, n_codes=16):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d_in, 32), nn.ReLU(), nn.Linear(32, dim))
        self.vq = VectorQuantizer(n_codes, dim)
        self.dec = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, d_in))

    def forward(self, x):
        q, idx, vq_loss = self.vq(self.enc(x))
        return self.dec(q), idx, vq_loss


def main():
    torch.manual_seed(19)
    prototypes = torch.randn(8, 12)

    def draw(n):
        return prototypes[torch.randint(0, 8, (n,))] + 0.15 * torch.randn(n, 12)

    train, test = draw(1600), draw(400)
    model = VQAE(12)
    with torch.no_grad():  # start the codebook on encoder outputs
        model.vq.codes.copy_(model.enc(train[:16]))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    for epoch in range(1, 21):
        model.train()
        for xb in train[torch.randperm(len(train))].split(80):
            recon, _, vq_loss = model(xb)
            loss = F.mse_loss(recon, xb) + vq_loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 0:
            model.eval()
            with torch.no_grad():
                recon, idx, _ = model(test)
            print(f"epoch {epoch}: test mse {F.mse_loss(recon, test).item():.4f}, codes used {idx.unique().numel()}")


if __name__ == "__main__":
    main()

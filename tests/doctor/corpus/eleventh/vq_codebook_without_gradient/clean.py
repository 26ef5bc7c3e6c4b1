import torch
import torch.nn as nn
import torch.nn.functional as F


class VectorQuantizer(nn.Module):
    def __init__(self, n_codes, dim, beta=0.25):
        super().__init__()
        self.embedding = nn.Embedding(n_codes, dim)
        nn.init.uniform_(self.embedding.weight, -1.0 / n_codes, 1.0 / n_codes)
        self.beta = beta

    def forward(self, z_e):
        idx = torch.cdist(z_e, self.embedding.weight).argmin(dim=1)
        z_q = self.embedding(idx)
        commitment = F.mse_loss(z_e, z_q.detach())
        codebook = F.mse_loss(z_q, z_e.detach())
        z_q = z_e + (z_q - z_e).detach()
        return z_q, codebook + self.beta * commitment, idx


class VQVAE(nn.Module):
    def __init__(self, d_in=16, dim=4, n_codes=32):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d_in, 64), nn.ReLU(), nn.Linear(64, dim))
        self.vq = VectorQuantizer(n_codes, dim)
        self.dec = nn.Sequential(nn.Linear(dim, 64), nn.ReLU(), nn.Linear(64, d_in))

    def forward(self, x):
        z_q, vq_loss, idx = self.vq(self.enc(x))
        return self.dec(z_q), vq_loss, idx


def main():
    torch.manual_seed(31)
    # 10 prototypes with a little noise around each
    prototypes = torch.randn(10, 16)
    x = prototypes[torch.randint(0, 10, (2048,))] + 0.1 * torch.randn(2048, 16)
    x_train, x_val = x[:1792], x[1792:]
    model = VQVAE()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(15):
        model.train()
        for batch in x_train[torch.randperm(len(x_train))].split(128):
            recon, vq_loss, _ = model(batch)
            loss = F.mse_loss(recon, batch) + vq_loss
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 4:
            model.eval()
            with torch.no_grad():
                recon, vq_loss, idx = model(x_val)
            print(f"epoch {epoch + 1}  val mse {F.mse_loss(recon, x_val).item():.4f}  codes used {idx.unique().numel()}")


if __name__ == "__main__":
    main()

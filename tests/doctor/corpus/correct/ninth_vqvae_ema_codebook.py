"""VQ-VAE: straight-through estimator, codebook learned by EMA statistics in buffers (no gradient, no optimizer)."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class VectorQuantizerEMA(nn.Module):
    def __init__(self, n_codes, dim, decay=0.95, eps=1e-5):
        super().__init__()
        self.n, self.decay, self.eps = n_codes, decay, eps
        self.register_buffer("codebook", torch.randn(n_codes, dim))
        self.register_buffer("count", torch.ones(n_codes))
        self.register_buffer("total", self.codebook.clone())

    @torch.no_grad()
    def _update(self, flat, idx):
        onehot = F.one_hot(idx, self.n).to(flat.dtype)
        self.count.mul_(self.decay).add_(onehot.sum(0), alpha=1 - self.decay)
        self.total.mul_(self.decay).add_(onehot.t() @ flat, alpha=1 - self.decay)
        n = self.count.sum()
        size = (self.count + self.eps) / (n + self.n * self.eps) * n
        self.codebook.copy_(self.total / size[:, None])
        dead = self.count < 0.05
        if dead.any():  # revive unused codes at random encoder outputs
            pick = flat[torch.randint(len(flat), (int(dead.sum()),))]
            self.codebook[dead] = pick
            self.total[dead] = pick
            self.count[dead] = 1.0

    def forward(self, z):
        flat = z.movedim(1, -1).reshape(-1, z.size(1))
        idx = torch.cdist(flat.detach(), self.codebook).argmin(1)
        q = self.codebook[idx].view(z.size(0), *z.shape[2:], z.size(1)).movedim(-1, 1)
        commit = F.mse_loss(z, q)  # q comes from buffers, so only the encoder is pulled
        if self.training:
            self._update(flat.detach(), idx)
        return z + (q - z).detach(), commit, idx


class VQVAE(nn.Module):
    def __init__(self, dim=8, codes=24):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 16, 4, 2, 1), nn.ReLU(),
                                 nn.Conv2d(16, dim, 1))
        self.vq = VectorQuantizerEMA(codes, dim)
        self.dec = nn.Sequential(nn.Conv2d(dim, 16, 3, padding=1), nn.ReLU(), nn.ConvTranspose2d(16, 16, 4, 2, 1), nn.ReLU(),
                                 nn.ConvTranspose2d(16, 1, 4, 2, 1))

    def forward(self, x):
        q, commit, idx = self.vq(self.enc(x))
        return self.dec(q), commit, idx


def images(n, gen):
    yy, xx = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    c = 3 + 10 * torch.rand(n, 2, 1, 1, generator=gen)
    r = 2 + 3 * torch.rand(n, 1, 1, generator=gen)
    dist = ((xx - c[:, 0]) ** 2 + (yy - c[:, 1]) ** 2).sqrt()
    return torch.sigmoid(2 * (r - dist)).unsqueeze(1) + 0.05 * torch.randn(n, 1, 16, 16, generator=gen)


def perplexity(idx, n):
    p = torch.bincount(idx, minlength=n).float() / len(idx)
    return torch.exp(-torch.special.xlogy(p, p).sum()).item()


def main():
    torch.manual_seed(17)
    gen = torch.Generator().manual_seed(17)
    train, val = images(480, gen), images(120, gen)
    var = train.var()
    model = VQVAE()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(8):
        model.train()
        for b in torch.randperm(len(train)).split(32):
            recon, commit, _ = model(train[b])
            loss = F.mse_loss(recon, train[b]) / var + 0.25 * commit
            opt.zero_grad()
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            recon, _, idx = model(val)
        print(f"epoch {epoch} val nmse {(F.mse_loss(recon, val) / var).item():.3f} code perplexity {perplexity(idx, 24):.1f}")


if __name__ == "__main__":
    main()

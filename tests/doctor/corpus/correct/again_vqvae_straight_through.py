"""VQ-VAE with straight-through estimator and EMA codebook on digits; per-image reconstruction error."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class EMAQuantizer(nn.Module):
    """Codebook entries are buffers updated by moving averages, never by the optimizer."""

    def __init__(self, codes=32, dim=8, decay=0.97, eps=1e-5):
        super().__init__()
        self.decay, self.eps = decay, eps
        init = torch.randn(codes, dim)
        self.register_buffer("embed", init)
        self.register_buffer("count", torch.ones(codes))
        self.register_buffer("total", init.clone())
        self.register_buffer("ready", torch.tensor(False))

    def forward(self, z):
        flat = z.reshape(-1, z.size(-1))
        if self.training and not self.ready:
            self._init_from(flat.detach())
        idx = torch.cdist(flat.detach(), self.embed).argmin(1)
        q = self.embed[idx].view_as(z)
        if self.training:
            self._update(flat.detach(), idx)
        commit = F.mse_loss(z, q)
        return z + (q - z).detach(), commit, idx

    @torch.no_grad()
    def _init_from(self, flat):
        """The codes start at random encoder outputs of the first training batch."""
        picked = flat[torch.randperm(len(flat))[: len(self.embed)]]
        self.embed.copy_(picked)
        self.total.copy_(picked)
        self.ready.fill_(True)

    @torch.no_grad()
    def _update(self, flat, idx):
        hot = F.one_hot(idx, len(self.embed)).to(flat.dtype)
        self.count.mul_(self.decay).add_(hot.sum(0), alpha=1 - self.decay)
        self.total.mul_(self.decay).add_(hot.T @ flat, alpha=1 - self.decay)
        n = self.count.sum()
        smoothed = (self.count + self.eps) / (n + len(self.embed) * self.eps) * n
        self.embed.copy_(self.total / smoothed.unsqueeze(1))


class VQVAE(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, dim, 1))
        self.vq = EMAQuantizer(dim=dim)
        self.dec = nn.Sequential(nn.Conv2d(dim, 32, 3, 1, 1), nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1))

    def forward(self, x):
        z = self.enc(x).permute(0, 2, 3, 1)
        q, commit, idx = self.vq(z)
        return self.dec(q.permute(0, 3, 1, 2)), commit, idx


def main():
    torch.manual_seed(90)
    images = torch.from_numpy(load_digits().images).float().unsqueeze(1) / 16
    tr, te = train_test_split(range(len(images)), test_size=0.2, random_state=90)
    loader = DataLoader(TensorDataset(images[tr]), batch_size=64, shuffle=True)
    x_te = images[te]
    model = VQVAE()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(8):
        model.train()
        rec_sum = 0.0
        for (x,) in loader:
            out, commit, _ = model(x)
            rec = F.mse_loss(out, x)
            loss = rec + 0.25 * commit
            opt.zero_grad()
            loss.backward()
            opt.step()
            rec_sum += rec.item() * len(x)
        print(f"epoch {epoch + 1}: train mse {rec_sum / len(tr):.4f}")
    model.eval()
    with torch.no_grad():
        before = model.vq.embed.clone()
        out, _, idx = model(x_te)
        assert torch.equal(before, model.vq.embed)  # evaluation leaves the codebook alone
        p = torch.bincount(idx, minlength=32).float() / idx.numel()
        perplexity = torch.exp(-(p * p.clamp_min(1e-12).log()).sum())
    print(f"test mse {F.mse_loss(out, x_te).item():.4f} (variance {x_te.var():.4f}), codebook perplexity {perplexity:.1f}")


if __name__ == "__main__":
    main()

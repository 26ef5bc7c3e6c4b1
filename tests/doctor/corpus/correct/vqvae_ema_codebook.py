"""VQ-VAE whose codebook is a set of buffers moved by exponential averages in forward (no gradient), straight-through for the encoder."""
import torch
from torch import nn
import torch.nn.functional as F


class EMAQuantizer(nn.Module):
    def __init__(self, codes, dim, decay=0.95, eps=1e-5):
        super().__init__()
        self.decay, self.eps = decay, eps
        embed = torch.randn(codes, dim)
        self.register_buffer("embed", embed)
        self.register_buffer("count", torch.ones(codes))
        self.register_buffer("total", embed.clone())

    @torch.no_grad()
    def _update(self, flat, onehot):
        self.count.mul_(self.decay).add_(onehot.sum(0), alpha=1 - self.decay)
        self.total.mul_(self.decay).add_(onehot.t() @ flat, alpha=1 - self.decay)
        n = self.count.sum()
        smoothed = (self.count + self.eps) / (n + self.count.numel() * self.eps) * n
        self.embed.copy_(self.total / smoothed.unsqueeze(1))
        # dead codes restart at random encoder outputs
        dead = self.count < 0.05
        if dead.any():
            pick = flat[torch.randint(len(flat), (int(dead.sum()),))]
            self.embed[dead] = pick
            self.total[dead] = pick
            self.count[dead] = 1.0

    def forward(self, z):  # (B, C, L)
        flat = z.permute(0, 2, 1).reshape(-1, z.size(1))
        with torch.no_grad():
            idx = torch.cdist(flat, self.embed).argmin(1)
        onehot = F.one_hot(idx, self.embed.size(0)).to(flat.dtype)
        q = F.embedding(idx, self.embed).view(z.size(0), z.size(2), z.size(1)).permute(0, 2, 1)
        commit = F.mse_loss(z, q)  # q is a buffer look-up, hence no gradient on that side
        if self.training:
            self._update(flat.detach(), onehot)
        usage = onehot.mean(0)
        perplexity = torch.exp(-(usage * (usage + 1e-10).log()).sum())
        return z + (q - z).detach(), commit, perplexity, idx.view(z.size(0), -1)


class VQVAE(nn.Module):
    def __init__(self, codes=24, dim=8):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv1d(1, 16, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv1d(16, 16, 4, stride=2, padding=1), nn.ReLU(), nn.Conv1d(16, dim, 1))
        self.vq = EMAQuantizer(codes, dim)
        self.dec = nn.Sequential(
            nn.Conv1d(dim, 16, 3, padding=1), nn.ReLU(),
            nn.ConvTranspose1d(16, 16, 4, stride=2, padding=1), nn.ReLU(),
            nn.ConvTranspose1d(16, 1, 4, stride=2, padding=1))

    def forward(self, x):
        q, commit, perp, idx = self.vq(self.enc(x))
        return self.dec(q), commit, perp, idx


def waves(n, length=32, gen=None):
    t = torch.linspace(0, 1, length)
    f = 1 + 3 * torch.rand(n, 1, generator=gen)
    ph = 6.2832 * torch.rand(n, 1, generator=gen)
    square = (torch.rand(n, 1, generator=gen) < 0.5).float()
    s = torch.sin(6.2832 * f * t + ph)
    height = 0.8 + 0.4 * torch.rand(n, 1, generator=gen)
    return (height * (square * s.sign() + (1 - square) * s)).unsqueeze(1)


@torch.no_grad()
def validate(model, x, batch=100):
    was = model.training
    model.eval()
    err = sum(F.mse_loss(model(xb)[0], xb, reduction="sum").item() for xb in x.split(batch))
    codes = torch.cat([model(xb)[3].flatten() for xb in x.split(batch)])
    model.train(was)
    return err / x.numel(), codes.unique().numel()


def main():
    torch.manual_seed(7)
    g = torch.Generator().manual_seed(8)
    train, val = waves(1024, gen=g), waves(250, gen=g)
    model = VQVAE()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(10):
        for rows in torch.randperm(len(train), generator=g).split(64):
            x = train[rows]
            recon, commit, perp, _ = model(x)
            loss = F.mse_loss(recon, x) + 0.25 * commit
            opt.zero_grad()
            loss.backward()
            opt.step()
        before = model.vq.embed.clone()
        mse, used = validate(model, val)
        assert torch.equal(before, model.vq.embed), "evaluation must not move the codebook"
        print(f"epoch {epoch} val mse {mse:.4f} codes used {used} last perplexity {perp.item():.1f}")


if __name__ == "__main__":
    main()

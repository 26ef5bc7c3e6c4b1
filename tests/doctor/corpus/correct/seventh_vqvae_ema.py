"""VQ-VAE with an EMA codebook (van den Oord et al. 2017, appendix A.1), 8x8 digits."""
from typing import NamedTuple

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class VQOut(NamedTuple):
    quantized: torch.Tensor
    loss: torch.Tensor
    codes: torch.Tensor


class VectorQuantizerEMA(nn.Module):
    def __init__(self, n_codes: int, dim: int, commitment: float = 0.25, decay: float = 0.95, eps: float = 1e-5):
        super().__init__()
        self.n_codes, self.commitment, self.decay, self.eps = n_codes, commitment, decay, eps
        codebook = torch.randn(n_codes, dim)
        self.register_buffer("codebook", codebook)
        self.register_buffer("cluster_size", torch.ones(n_codes))
        self.register_buffer("cluster_sum", codebook.clone())

    @torch.no_grad()
    def _update(self, flat: torch.Tensor, codes: torch.Tensor) -> None:
        onehot = F.one_hot(codes, self.n_codes).to(flat)
        self.cluster_size.lerp_(onehot.sum(0), 1 - self.decay)
        self.cluster_sum.lerp_(onehot.t() @ flat, 1 - self.decay)
        n = self.cluster_size.sum()
        size = (self.cluster_size + self.eps) / (n + self.n_codes * self.eps) * n
        self.codebook.copy_(self.cluster_sum / size[:, None])
        # codes that nobody uses are moved onto encoder outputs of this batch
        dead = self.cluster_size < 0.05
        if dead.any():
            pick = flat[torch.randint(len(flat), (int(dead.sum()),))]
            self.codebook[dead], self.cluster_sum[dead], self.cluster_size[dead] = pick, pick, 1.0

    def forward(self, z: torch.Tensor) -> VQOut:
        b, c, h, w = z.shape
        flat = z.permute(0, 2, 3, 1).reshape(-1, c)
        dist = flat.pow(2).sum(1, keepdim=True) - 2 * flat @ self.codebook.t() + self.codebook.pow(2).sum(1)
        codes = dist.argmin(1)
        q = F.embedding(codes, self.codebook).view(b, h, w, c).permute(0, 3, 1, 2)
        loss = self.commitment * F.mse_loss(z, q.detach())
        if self.training:
            self._update(flat.detach(), codes)
        return VQOut(z + (q - z).detach(), loss, codes.view(b, h, w))


class VQVAE(nn.Module):
    def __init__(self, dim: int = 8, n_codes: int = 32):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, 24, 4, 2, 1), nn.ReLU(), nn.Conv2d(24, 24, 3, 1, 1), nn.ReLU(),
                                 nn.Conv2d(24, dim, 1))
        self.vq = VectorQuantizerEMA(n_codes, dim)
        self.dec = nn.Sequential(nn.Conv2d(dim, 24, 3, 1, 1), nn.ReLU(), nn.ConvTranspose2d(24, 1, 4, 2, 1))

    def forward(self, x):
        out = self.vq(self.enc(x))
        return self.dec(out.quantized), out


def main() -> None:
    torch.manual_seed(0)
    x = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1) / 16.0
    perm = torch.randperm(len(x))
    train, test = x[perm[:1400]], x[perm[1400:]]
    data_variance = train.var()

    model = VQVAE()
    assert not any(n.startswith("vq") for n, _ in model.named_parameters())
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(10):
        model.train()
        rec_sum = torch.zeros(())
        for idx in torch.randperm(len(train)).split(100):
            batch = train[idx]
            recon, out = model(batch)
            rec = F.mse_loss(recon, batch)
            loss = rec / data_variance + out.loss
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            rec_sum += rec.detach() * len(idx)
        if epoch % 3 == 0:
            print(f"epoch {epoch}: train reconstruction mse {rec_sum / len(train):.4f}")

    model.eval()
    with torch.no_grad():
        recon, out = model(test)
    usage = torch.bincount(out.codes.flatten(), minlength=model.vq.n_codes).float()
    p = usage / usage.sum()
    perplexity = torch.exp(-(p * torch.log(p + 1e-10)).sum())
    print(f"test mse {F.mse_loss(recon, test):.4f} (variance {data_variance:.4f}), code perplexity {perplexity:.1f}")


if __name__ == "__main__":
    main()

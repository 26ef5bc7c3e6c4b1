"""VQ-VAE: straight-through estimator, codebook moved by running averages instead of the optimizer."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class VectorQuantizerEMA(nn.Module):
    def __init__(self, n_codes, dim, decay=0.95, eps=1e-5, commitment=0.25):
        super().__init__()
        self.n_codes, self.decay, self.eps, self.commitment = n_codes, decay, eps, commitment
        codes = torch.randn(n_codes, dim)
        self.register_buffer("codes", codes)
        self.register_buffer("count", torch.ones(n_codes))
        self.register_buffer("total", codes.clone())

    @torch.no_grad()
    def _update(self, flat, idx):
        one_hot = F.one_hot(idx, self.n_codes).type_as(flat)
        self.count.mul_(self.decay).add_(one_hot.sum(0), alpha=1 - self.decay)
        self.total.mul_(self.decay).add_(one_hot.T @ flat, alpha=1 - self.decay)
        n = self.count.sum()
        smooth = (self.count + self.eps) / (n + self.n_codes * self.eps) * n
        self.codes.copy_(self.total / smooth[:, None])

    @torch.no_grad()
    def revive(self, flat, threshold=0.3):
        """Codes that hardly anybody uses start again at a random encoder output."""
        dead = self.count < threshold
        if dead.any():
            pick = flat[torch.randint(len(flat), (int(dead.sum()),))]
            self.codes[dead] = pick
            self.total[dead] = pick
            self.count[dead] = 1.0
        return int(dead.sum())

    def forward(self, z):
        flat = z.reshape(-1, z.size(-1))
        idx = torch.cdist(flat.detach(), self.codes).argmin(1)
        q = F.embedding(idx, self.codes).view_as(z)
        loss = self.commitment * F.mse_loss(z, q)
        if self.training:
            self._update(flat.detach(), idx)
        q = z + (q - z).detach()
        return q, loss, idx.view(z.shape[:-1])


class VQVAE(nn.Module):
    def __init__(self, dim=8, n_codes=32, width=32):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, width, 4, 2, 1), nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, dim, 1))
        self.vq = VectorQuantizerEMA(n_codes, dim)
        self.dec = nn.Sequential(nn.Conv2d(dim, width, 3, 1, 1), nn.ReLU(), nn.ConvTranspose2d(width, 1, 4, 2, 1))

    def encode(self, x):
        return self.enc(x).permute(0, 2, 3, 1).contiguous()

    def forward(self, x):
        q, vq_loss, idx = self.vq(self.encode(x))
        return self.dec(q.permute(0, 3, 1, 2)), vq_loss, idx


def perplexity(idx, n):
    p = torch.bincount(idx.flatten(), minlength=n).float()
    p = p / p.sum()
    return torch.exp(-(p * (p + 1e-10).log()).sum()).item()


@torch.no_grad()
def evaluate(model, x):
    model.eval()
    recon, _, idx = model(x)
    return F.mse_loss(recon, x).item(), perplexity(idx, model.vq.n_codes)


torch.manual_seed(23)
X = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1) / 16
X = X[torch.randperm(len(X))]
train, test = X[:1400], X[1400:]
mean_picture = train.mean(0, keepdim=True)
baseline = F.mse_loss(mean_picture.expand_as(test), test).item()

model = VQVAE()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(8):
    model.train()
    sums = torch.zeros(2)
    for batch in train[torch.randperm(len(train))].split(100):
        recon, vq_loss, _ = model(batch)
        rec_loss = F.mse_loss(recon, batch)
        opt.zero_grad()
        (rec_loss + vq_loss).backward()
        opt.step()
        sums += torch.tensor([rec_loss.item(), vq_loss.item()]) * len(batch)
    with torch.no_grad():
        revived = model.vq.revive(model.encode(train[:200]).reshape(-1, 8)) if epoch < 5 else 0
    if epoch % 2 == 1:
        mse, ppl = evaluate(model, test)
        print("epoch %d rec %.4f commit %.4f revived %d | test mse %.4f perplexity %.1f" % (epoch, *(sums / len(train)).tolist(), revived, mse, ppl))
print("test mse %.4f; mean picture %.4f" % (evaluate(model, test)[0], baseline))

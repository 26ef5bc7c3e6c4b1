import numpy as np
import torch
from torch import nn, optim


class AE(nn.Module):
    """shared encoder; decoder and classifier on top"""

    def __init__(self, d_in: int, d_code: int, n_cls: int):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d_in, 64), nn.ReLU(), nn.Linear(64, d_code))
        self.dec = nn.Sequential(nn.Linear(d_code, 64), nn.ReLU(), nn.Linear(64, d_in))
        self.cls = nn.Linear(d_code, n_cls)

    @torch.no_grad()
    def embed(self, x):
        return nn.functional.normalize(self.enc(x), dim=-1)

    def forward(self, x):
        z = self.embed(x)
        return self.dec(z), self.cls(4.0 * z)


def combine(parts: dict, weight: dict) -> torch.Tensor:
    return torch.stack([weight[k] * v for k, v in parts.items()]).sum()


def blobs(n, rng):
    c = rng.normal(size=(5, 12)) if not hasattr(blobs, "c") else blobs.c
    blobs.c = c
    lab = rng.integers(0, 5, n)
    x = np.tanh(c[lab] + 0.8 * rng.normal(size=(n, 12)))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(lab)


def export_codes(model, x):
    model.eval()
    with torch.no_grad():
        return model.embed(x)


rng = np.random.default_rng(6)
torch.manual_seed(6)
xtr, ytr = blobs(700, rng)
xte, yte = blobs(300, rng)
model = AE(12, 3, 5)
opt = optim.RMSprop(model.parameters(), lr=1e-3)
weight = {"recon": 1.0, "class": 0.5}

for epoch in range(12):
    model.train()
    for idx in torch.randperm(len(xtr)).split(50):
        recon, logit = model(xtr[idx])
        parts = {
            "recon": nn.functional.mse_loss(recon, xtr[idx]),
            "class": nn.functional.cross_entropy(logit, ytr[idx]),
        }
        opt.zero_grad()
        combine(parts, weight).backward()
        opt.step()

codes = export_codes(model, xte)
with torch.no_grad():
    acc = (model.cls(4.0 * codes).argmax(1) == yte).float().mean().item()
    rec = (model.dec(codes) - xte).square().mean().item()
print("codes", tuple(codes.shape), "acc %.3f recon %.4f" % (acc, rec))

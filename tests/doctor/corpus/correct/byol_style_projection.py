from copy import deepcopy
import torch
from torch import nn, Tensor
import torch.nn.functional as F


class Online(nn.Module):
    def __init__(self, d_in=20, d=32):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(d_in, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, d))
        self.projector = nn.Sequential(nn.Linear(d, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 16))
        self.predictor = nn.Sequential(nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 16))

    def project(self, x: Tensor) -> Tensor:
        return self.projector(self.encoder(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.predictor(self.project(x))


class Target(nn.Module):
    def __init__(self, online: Online):
        super().__init__()
        self.encoder = deepcopy(online.encoder)
        self.projector = deepcopy(online.projector)
        for p in self.parameters():
            p.requires_grad = False

    @torch.no_grad()
    def forward(self, x):
        return self.projector(self.encoder(x))

    @torch.no_grad()
    def follow(self, online: Online, tau: float):
        pairs = list(zip(self.encoder.parameters(), online.encoder.parameters()))
        pairs += list(zip(self.projector.parameters(), online.projector.parameters()))
        for mine, theirs in pairs:
            mine.lerp_(theirs, 1.0 - tau)


def regression_loss(p, z):
    return 2 - 2 * F.cosine_similarity(p, z, dim=-1)


def augment(x):
    mask = (torch.rand_like(x) > 0.2).to(x.dtype)
    return x * mask + 0.1 * torch.randn_like(x)


torch.manual_seed(11)
latent = torch.randn(512, 4)
mixing = torch.randn(4, 20)
data = torch.tanh(latent @ mixing)
online = Online()
target = Target(online)
optimizer = torch.optim.AdamW(online.parameters(), lr=1e-3, weight_decay=1e-4)
total = 3 * (len(data) // 64)
step = 0
for epoch in range(3):
    order = torch.randperm(len(data))
    running = 0.0
    for idx in order.split(64):
        x = data[idx]
        a, b = augment(x), augment(x)
        loss = (regression_loss(online(a), target(b)) + regression_loss(online(b), target(a))).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tau = 1 - 0.01 * (torch.cos(torch.tensor(torch.pi * step / total)).item() + 1) / 2
        target.follow(online, tau)
        running += loss.item() * len(idx)
        step += 1
    print(epoch, running / len(data))

online.eval()
with torch.no_grad():
    feats = online.encoder(data)
print("feature std", feats.std(dim=0).mean().item())

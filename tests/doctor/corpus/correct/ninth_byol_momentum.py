"""BYOL: the target network is a momentum copy that gets no gradient; a k-NN score on frozen features tracks progress."""
import copy
import math
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(23)
gen = torch.Generator().manual_seed(23)


def glyphs(n):
    """Four 8x8 glyphs at random shifts with clutter."""
    base = torch.zeros(4, 8, 8)
    base[0, 2, 1:7] = base[0, 5, 1:7] = 1
    base[1, 1:7, 2] = base[1, 1:7, 5] = 1
    base[2, 1:7, 3] = base[2, 3, 1:7] = 1
    base[3, range(1, 7), range(1, 7)] = 1
    y = torch.randint(0, 4, (n,), generator=gen)
    x = torch.zeros(n, 1, 12, 12)
    sh = torch.randint(0, 5, (n, 2), generator=gen)
    for i in range(n):
        a, b = sh[i].tolist()
        x[i, 0, a:a + 8, b:b + 8] = base[y[i]]
    return x + 0.2 * torch.randn(x.shape, generator=gen), y


def view(x):
    n = len(x)
    rows = (torch.arange(12) + torch.randint(-2, 3, (n, 1))) % 12
    cols = (torch.arange(12) + torch.randint(-2, 3, (n, 1))) % 12
    x = x[torch.arange(n)[:, None, None], 0, rows[:, :, None], cols[:, None, :]].unsqueeze(1)
    x = x * (0.8 + 0.4 * torch.rand(n, 1, 1, 1))
    drop = F.interpolate((torch.rand(n, 1, 4, 4) > 0.1).float(), size=12)
    return x * drop + 0.15 * torch.randn_like(x)


def mlp(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.BatchNorm1d(h), nn.ReLU(), nn.Linear(h, o))


class BYOL(nn.Module):
    def __init__(self, tau=0.95):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                                     nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
        self.projector = mlp(128, 64, 32)
        self.predictor = mlp(32, 64, 32)
        self.target = copy.deepcopy(nn.Sequential(self.encoder, self.projector))
        for p in self.target.parameters():
            p.requires_grad = False
        self.base_tau = tau

    def online_parameters(self):
        for part in (self.encoder, self.projector, self.predictor):
            yield from part.parameters()

    def forward(self, a, b):
        pa = self.predictor(self.projector(self.encoder(a)))
        pb = self.predictor(self.projector(self.encoder(b)))
        with torch.no_grad():  # the target stays in train mode: it normalises with batch statistics, as in the paper
            za, zb = self.target(a), self.target(b)
        return (2 - F.cosine_similarity(pa, zb, dim=1) - F.cosine_similarity(pb, za, dim=1)).mean()

    @torch.no_grad()
    def momentum_update(self, progress):
        tau = 1 - (1 - self.base_tau) * (math.cos(math.pi * progress) + 1) / 2
        online = nn.Sequential(self.encoder, self.projector)
        for t, o in zip(self.target.parameters(), online.parameters()):
            t.mul_(tau).add_(o, alpha=1 - tau)


@torch.no_grad()
def knn(model, bank, query, k=7):
    was = model.training
    model.eval()
    fb, fq = (F.normalize(model.encoder(x), dim=1) for x in (bank[0], query[0]))
    votes = bank[1][(fq @ fb.T).topk(k, dim=1).indices]
    model.train(was)
    return (votes.mode(dim=1).values == query[1]).float().mean().item()


unlabeled, _ = glyphs(640)
bank, query = glyphs(80), glyphs(300)
model = BYOL()
opt = torch.optim.AdamW(model.online_parameters(), lr=2e-3, weight_decay=1e-4)
epochs, bs = 8, 64
total, step = epochs * (len(unlabeled) // bs), 0
print(f"untrained kNN {knn(model, bank, query):.3f}")
model.train()
for epoch in range(epochs):
    for idx in torch.randperm(len(unlabeled)).split(bs):
        x = unlabeled[idx]
        loss = model(view(x), view(x))
        opt.zero_grad()
        loss.backward()
        opt.step()
        step += 1
        model.momentum_update(step / total)
    if epoch % 3 == 0 or epoch == epochs - 1:
        print(f"epoch {epoch} loss {loss.item():.3f} kNN {knn(model, bank, query):.3f}")

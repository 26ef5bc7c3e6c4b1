import torch
import torch.nn as nn
import torch.nn.functional as F


def D(p, z):
    return -F.cosine_similarity(p, z, dim=-1).mean()


class SimSiam(nn.Module):
    def __init__(self, n_in=16, dim=32):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(n_in, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, dim))
        self.predictor = nn.Sequential(nn.Linear(dim, 16), nn.ReLU(), nn.Linear(16, dim))

    def forward(self, a, b):
        za, zb = self.encoder(a), self.encoder(b)
        pa, pb = self.predictor(za), self.predictor(zb)
        return 0.5 * D(pa, zb) + 0.5 * D(pb, za)


def view(x):
    keep = (torch.rand_like(x) > 0.15).float()
    return x * keep + 0.1 * torch.randn_like(x)


torch.manual_seed(30)
protos = torch.randn(6, 16) * 1.5
data = protos[torch.randint(0, 6, (1000,))] + 0.5 * torch.randn(1000, 16)
held_out = protos[torch.randint(0, 6, (300,))] + 0.5 * torch.randn(300, 16)

model = SimSiam()
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
for epoch in range(10):
    model.train()
    for i in torch.randperm(1000).split(100):
        loss = model(view(data[i]), view(data[i]))
        opt.zero_grad()
        loss.backward()
        opt.step()

model.eval()
with torch.no_grad():
    z = F.normalize(model.encoder(held_out), dim=1)
print(f"loss {loss.item():.3f} | std of normalised outputs {z.std(0).mean().item():.4f} (1/sqrt(d) = {32 ** -0.5:.4f})")

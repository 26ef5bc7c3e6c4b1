import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(44)


def mlp(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.BatchNorm1d(h), nn.ReLU(), nn.Linear(h, o))


class BYOL(nn.Module):
    def __init__(self, d_in, d_feat=32, d_proj=16, tau=0.98):
        super().__init__()
        self.encoder = mlp(d_in, 64, d_feat)
        self.projector = mlp(d_feat, 32, d_proj)
        self.predictor = mlp(d_proj, 32, d_proj)
        self.target = copy.deepcopy(nn.Sequential(self.encoder, self.projector)).requires_grad_(False)
        self.tau = tau

    def online_parameters(self):
        for part in (self.encoder, self.projector, self.predictor):
            yield from part.parameters()

    def _half(self, a, b):
        p = self.predictor(self.projector(self.encoder(a)))
        with torch.no_grad():
            t = self.target(b)
        return 2 - 2 * F.cosine_similarity(p, t, dim=1).mean()

    def forward(self, a, b):
        return self._half(a, b) + self._half(b, a)

    @torch.no_grad()
    def update_target(self):
        online = nn.Sequential(self.encoder, self.projector)
        for t, o in zip(self.target.parameters(), online.parameters()):
            t.lerp_(o, 1 - self.tau)


centers = 1.5 * torch.randn(5, 24)
label = torch.randint(0, 5, (1000,))
data = centers[label] + torch.randn(1000, 24)
train_x, train_y, test_x, test_y = data[:800], label[:800], data[800:], label[800:]


def view(x):
    return x * (torch.rand_like(x) > 0.2) + 0.3 * torch.randn_like(x)


byol = BYOL(24)
opt = torch.optim.Adam(byol.online_parameters(), lr=2e-3)
byol.train()
for epoch in range(10):
    total = 0.0
    for idx in torch.randperm(800).split(100):
        loss = byol(view(train_x[idx]), view(train_x[idx]))
        opt.zero_grad()
        loss.backward()
        opt.step()
        byol.update_target()
        total += loss.item()
    if epoch % 3 == 0:
        print(f"epoch {epoch} loss {total / 8:.4f}")

# k-nearest-neighbour score of the representation
byol.eval()
with torch.no_grad():
    bank = F.normalize(byol.encoder(train_x), dim=1)
    query = F.normalize(byol.encoder(test_x), dim=1)
neighbours = train_y[(query @ bank.t()).topk(5, dim=1).indices]
pred = neighbours.mode(dim=1).values
print(f"5-nn accuracy {(pred == test_y).float().mean().item():.3f}, feature std {bank.std(dim=0).mean().item():.3f}")

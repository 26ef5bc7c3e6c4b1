import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(88)
DIM, CLASSES = 20, 4
centers = torch.randn(CLASSES, DIM)


def draw(n):
    y = torch.randint(0, CLASSES, (n,))
    return centers[y] + 0.8 * torch.randn(n, DIM), y


def mlp(a, b, c):
    return nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(), nn.Linear(b, c))


def view(x):
    return x + 0.3 * torch.randn_like(x)


def cosine_loss(p, z):
    return 2 - 2 * F.cosine_similarity(p, z, dim=1).mean()


online = nn.Sequential(mlp(DIM, 64, 32), mlp(32, 64, 16))
predictor = mlp(16, 32, 16)
target = copy.deepcopy(online).requires_grad_(False)
optimizer = torch.optim.Adam([*online.parameters(), *predictor.parameters()], lr=2e-3)


@torch.no_grad()
def update_target(tau=0.98):
    for t, o in zip(target.parameters(), online.parameters()):
        t.lerp_(o, 1 - tau)


x, _ = draw(1000)
online.train()
predictor.train()
target.train()
for epoch in range(10):
    total = 0.0
    for idx in torch.randperm(len(x)).split(100):
        v1, v2 = view(x[idx]), view(x[idx])
        with torch.no_grad():
            z1, z2 = target(v1), target(v2)
        loss = cosine_loss(predictor(online(v1)), z2) + cosine_loss(predictor(online(v2)), z1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        update_target()
        total += loss.item() * len(idx)
    print(f"epoch {epoch} loss {total / len(x):.4f}")

(bank, bank_y), (query, query_y) = draw(400), draw(200)
encoder = online[0].eval()
with torch.no_grad():
    a, b = F.normalize(encoder(query), dim=1), F.normalize(encoder(bank), dim=1)
votes = bank_y[(a @ b.t()).topk(9, dim=1).indices].mode(dim=1).values
print(f"kNN accuracy {(votes == query_y).float().mean().item():.3f}")

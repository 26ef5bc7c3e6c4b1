"""Momentum contrast on toy vectors, then a linear probe on the frozen query encoder."""
import copy

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(101)

CLASSES, DIM, QUEUE, TEMP, M = 6, 20, 512, 0.2, 0.99
prototypes = torch.randn(CLASSES, DIM)


def draw(n):
    y = torch.randint(CLASSES, (n,))
    return prototypes[y] + 0.6 * torch.randn(n, DIM), y


def augment(x):
    keep = (torch.rand_like(x) > 0.2).float()
    return x * keep + 0.2 * torch.randn_like(x)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(DIM, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.proj = nn.Linear(32, 16)

    def forward(self, x):
        return F.normalize(self.proj(self.trunk(x)), dim=1)


query = Encoder()
key = copy.deepcopy(query)
for p in key.parameters():
    p.requires_grad = False

queue = F.normalize(torch.randn(QUEUE, 16), dim=1)
ptr = 0
opt = torch.optim.SGD(query.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
unlabelled, _ = draw(1536)

for epoch in range(8):
    total = 0.0
    for b in torch.randperm(len(unlabelled)).split(64):
        x = unlabelled[b]
        q = query(augment(x))
        with torch.no_grad():
            for pk, pq in zip(key.parameters(), query.parameters()):
                pk.data = pk.data * M + pq.data * (1 - M)
            k = key(augment(x))
        positive = (q * k).sum(1, keepdim=True)
        negative = q @ queue.T
        logits = torch.cat([positive, negative], dim=1) / TEMP
        loss = F.cross_entropy(logits, torch.zeros(len(x), dtype=torch.long))
        opt.zero_grad()
        loss.backward()
        opt.step()
        queue[ptr:ptr + len(k)] = k
        ptr = (ptr + len(k)) % QUEUE
        total += loss.item()
    print(f"epoch {epoch}: contrastive loss {total / 24:.3f}")

probe_x, probe_y = draw(120)
test_x, test_y = draw(600)
query.eval()
with torch.no_grad():
    probe_f, test_f = query.trunk(probe_x), query.trunk(test_x)
linear = nn.Linear(32, CLASSES)
opt = torch.optim.Adam(linear.parameters(), lr=0.02)
for _ in range(100):
    opt.zero_grad()
    F.cross_entropy(linear(probe_f), probe_y).backward()
    opt.step()
with torch.no_grad():
    print("probe accuracy", (linear(test_f).argmax(1) == test_y).float().mean().item())

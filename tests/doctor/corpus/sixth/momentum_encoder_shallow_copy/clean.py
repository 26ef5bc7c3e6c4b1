import copy
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser(description="MoCo-like embedding of noisy prototypes")
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--momentum", type=float, default=0.98)
parser.add_argument("--tau", type=float, default=0.2)
parser.add_argument("--queue", type=int, default=256)
args = parser.parse_args()


class Contrast(nn.Module):
    def __init__(self, encoder, dim, momentum, tau, queue):
        super().__init__()
        self.query_net = encoder
        self.key_net = copy.deepcopy(encoder)
        self.momentum, self.tau = momentum, tau
        self.register_buffer("queue", F.normalize(torch.randn(queue, dim), dim=1))
        self.ptr = 0

    @torch.no_grad()
    def follow(self):
        for k, q in zip(self.key_net.parameters(), self.query_net.parameters()):
            k.lerp_(q, 1 - self.momentum)

    @torch.no_grad()
    def enqueue(self, keys):
        rows = (self.ptr + torch.arange(len(keys))) % len(self.queue)
        self.queue[rows] = keys
        self.ptr = (self.ptr + len(keys)) % len(self.queue)

    def forward(self, a, b):
        q = F.normalize(self.query_net(a), dim=1)
        with torch.no_grad():
            k = F.normalize(self.key_net(b), dim=1)
        pos = (q * k).sum(1, keepdim=True)
        neg = q @ self.queue.clone().t()
        loss = F.cross_entropy(torch.cat([pos, neg], 1) / self.tau, torch.zeros(len(q), dtype=torch.long))
        return loss, k


def view(x):
    return x * (torch.rand_like(x) > 0.2) + 0.3 * torch.randn_like(x)


torch.manual_seed(0)
proto = torch.randn(8, 24)
label = torch.randint(0, 8, (640,))
x = proto[label] + 0.6 * torch.randn(640, 24)

net = Contrast(nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 16)), 16,
               args.momentum, args.tau, args.queue)
opt = torch.optim.Adam(net.query_net.parameters(), lr=args.lr)
for epoch in range(args.epochs):
    net.train()
    total = 0.0
    for idx in torch.randperm(len(x)).split(args.batch):
        loss, keys = net(view(x[idx]), view(x[idx]))
        opt.zero_grad()
        loss.backward()
        opt.step()
        net.follow()
        net.enqueue(keys)
        total += loss.item() * len(idx)
    print(f"epoch {epoch}: contrastive loss {total / len(x):.3f}")

net.eval()
with torch.no_grad():
    z = F.normalize(net.query_net(x), dim=1)
    sim = z @ z.t()
    sim.fill_diagonal_(-2)
    print(f"nearest neighbour purity {(label[sim.argmax(1)] == label).float().mean().item():.3f}")

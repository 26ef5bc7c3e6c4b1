"""Top-2 mixture of experts: index dispatch, some experts get no sample of a batch, auxiliary balance loss."""
from collections import Counter, defaultdict

import torch
import torch.nn as nn
import torch.nn.functional as F


class Expert(nn.Sequential):
    def __init__(self, d, h):
        super().__init__(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, d))


class TopKMoE(nn.Module):
    def __init__(self, d, n_experts=6, k=2, hidden=24, jitter=0.2):
        super().__init__()
        self.k, self.n, self.jitter = k, n_experts, jitter
        self.router = nn.Linear(d, n_experts, bias=False)
        self.experts = nn.ModuleList(Expert(d, hidden) for _ in range(n_experts))
        self.aux = None

    def forward(self, x):
        logits = self.router(x)
        if self.training:
            logits = logits + self.jitter * torch.randn_like(logits)
        probs = logits.softmax(-1)
        top, idx = probs.topk(self.k, -1)
        top = top / top.sum(-1, keepdim=True)
        out = torch.zeros_like(x)
        for e, expert in enumerate(self.experts):
            rows, slot = (idx == e).nonzero(as_tuple=True)
            if rows.numel() == 0:
                continue
            out.index_add_(0, rows, expert(x[rows]) * top[rows, slot, None])
        # share of the assignments (a count, no gradient) times mean probability (has one)
        share = F.one_hot(idx, self.n).sum(1).float().mean(0) / self.k
        self.aux = self.n * (share.detach() * probs.mean(0)).sum()
        self.last_idx = idx.detach()
        return out


class Model(nn.Module):
    def __init__(self, d_in=8, d=24, depth=2):
        super().__init__()
        self.inp = nn.Linear(d_in, d)
        self.layers = nn.ModuleList(TopKMoE(d) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(depth))
        self.out = nn.Linear(d, 1)

    def forward(self, x):
        x = self.inp(x)
        for norm, moe in zip(self.norms, self.layers):
            x = x + moe(norm(x))
        return self.out(x).squeeze(-1)

    def aux_loss(self):
        return torch.stack([m.aux for m in self.layers]).mean()


def make(n, gen):
    x = torch.randn(n, 8, generator=gen)
    regime = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()
    candidates = torch.stack([x[:, 2] + x[:, 3], x[:, 2] * x[:, 3], x[:, 4].abs(), torch.sin(2 * x[:, 5])], 1)
    return x, candidates.gather(1, regime[:, None]).squeeze(1)


torch.manual_seed(12)
gen = torch.Generator().manual_seed(12)
(xtr, ytr), (xte, yte) = make(3000, gen), make(800, gen)
model = Model()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(12):
    model.train()
    sums = defaultdict(float)
    for idx in torch.randperm(len(xtr)).split(150):
        task = F.mse_loss(model(xtr[idx]), ytr[idx])
        aux = model.aux_loss()
        opt.zero_grad()
        (task + 0.01 * aux).backward()
        opt.step()
        sums["task"] += task.item() * len(idx)
        sums["aux"] += aux.item() * len(idx)
    if epoch % 3 == 0:
        print(epoch, {k: round(v / len(xtr), 4) for k, v in sums.items()})

model.eval()
with torch.no_grad():
    mse = F.mse_loss(model(xte), yte).item()
load = Counter(model.layers[0].last_idx.flatten().tolist())
print("test R2 %.3f" % (1 - mse / (yte - yte.mean()).pow(2).mean().item()), "load of layer 0:", dict(sorted(load.items())))

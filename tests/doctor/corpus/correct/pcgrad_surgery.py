"""PCGrad: conflicting task gradients are projected on the shared trunk; the heads keep their own gradient."""
import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

random.seed(3)
torch.manual_seed(3)


def make(n):
    x = torch.randn(n, 10)
    a = x[:, :3].sum(1) + 0.5 * x[:, 3] ** 2
    b = -x[:, :3].sum(1) + torch.sin(2 * x[:, 4])
    c = x[:, 5] * x[:, 6]
    return x, torch.stack([a, b, c], 1) + 0.1 * torch.randn(n, 3)


def project(grads):
    """grads: list of flat task gradients -> sum of the projected ones."""
    out = []
    for i, g in enumerate(grads):
        g = g.clone()
        others = [j for j in range(len(grads)) if j != i]
        random.shuffle(others)
        for j in others:
            dot = torch.dot(g, grads[j])
            if dot < 0:
                g -= dot / grads[j].pow(2).sum().clamp_min(1e-12) * grads[j]
        out.append(g)
    return torch.stack(out).sum(0)


trunk = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU())
heads = nn.ModuleList(nn.Linear(32, 1) for _ in range(3))
shared = list(trunk.parameters())
opt = torch.optim.Adam([*shared, *heads.parameters()], lr=3e-3)
x_tr, y_tr = make(1500)
x_te, y_te = make(500)
loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=100, shuffle=True)

for epoch in range(15):
    conflicts = pairs = 0
    for x, y in loader:
        feats = trunk(x)
        losses = [F.mse_loss(h(feats).squeeze(1), y[:, k]) for k, h in enumerate(heads)]
        opt.zero_grad()
        flat = []
        for k, loss in enumerate(losses):
            own = list(heads[k].parameters())
            g = torch.autograd.grad(loss, shared + own, retain_graph=k < len(losses) - 1)
            flat.append(torch.cat([t.flatten() for t in g[: len(shared)]]))
            for p, t in zip(own, g[len(shared):]):
                p.grad = t
        for i in range(3):
            for j in range(i):
                conflicts += int(torch.dot(flat[i], flat[j]) < 0)
                pairs += 1
        merged = project(flat)
        for p, t in zip(shared, merged.split([p.numel() for p in shared])):
            p.grad = t.view_as(p).clone()
        opt.step()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: conflicting pairs {conflicts / pairs:.2f} losses {[round(l.item(), 3) for l in losses]}")

trunk.eval()
heads.eval()
with torch.no_grad():
    f = trunk(x_te)
    mse = [F.mse_loss(h(f).squeeze(1), y_te[:, k]).item() for k, h in enumerate(heads)]
print("test mse", [round(m, 3) for m in mse], "target var", [round(v, 3) for v in y_te.var(0).tolist()])

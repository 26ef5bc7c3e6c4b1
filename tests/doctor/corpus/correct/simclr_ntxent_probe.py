import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
K, D = 5, 24
protos = torch.randn(K, D)


def draw(n):
    y = torch.randint(K, (n,))
    return protos[y] + 0.4 * torch.randn(n, D), y


def augment(x):
    keep = (torch.rand_like(x) > 0.2).float()
    gain = 1 + 0.2 * torch.randn(len(x), 1)
    return x * keep * gain + 0.1 * torch.randn_like(x)


encoder = nn.Sequential(nn.Linear(D, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 32))
projector = nn.Sequential(nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16))


def nt_xent(a, b, tau=0.2):
    z = F.normalize(torch.cat([a, b]), dim=1)
    sim = z @ z.T / tau
    n = len(a)
    sim.fill_diagonal_(float("-inf"))  # an item is no negative of itself
    target = torch.arange(2 * n).roll(n)
    return F.cross_entropy(sim, target)


xu, _ = draw(2000)
opt = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=1e-3, weight_decay=1e-5)
for epoch in range(6):
    encoder.train(), projector.train()
    tot, seen = 0.0, 0
    for idx in torch.randperm(len(xu)).split(250):
        # both views go through the batch norm as one batch
        z = projector(encoder(torch.cat([augment(xu[idx]), augment(xu[idx])])))
        loss = nt_xent(*z.chunk(2))
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot, seen = tot + loss.item() * len(idx), seen + len(idx)
    print(f"pretrain {epoch} {tot / seen:.3f}")

# linear probe on frozen features: only a few labels
x_tr, y_tr = draw(50)
x_te, y_te = draw(1000)
encoder.eval().requires_grad_(False)
f_tr, f_te = encoder(x_tr), encoder(x_te)
mu, sd = f_tr.mean(0), f_tr.std(0) + 1e-6
f_tr, f_te = (f_tr - mu) / sd, (f_te - mu) / sd

probe = nn.Linear(32, K)
opt_p = torch.optim.LBFGS(probe.parameters(), max_iter=60, line_search_fn="strong_wolfe")


def closure():
    opt_p.zero_grad()
    loss = F.cross_entropy(probe(f_tr), y_tr) + 1e-3 * probe.weight.square().sum()
    loss.backward()
    return loss


opt_p.step(closure)
with torch.no_grad():
    acc = (probe(f_te).argmax(1) == y_te).float().mean().item()
print(f"probe accuracy {acc:.3f}")

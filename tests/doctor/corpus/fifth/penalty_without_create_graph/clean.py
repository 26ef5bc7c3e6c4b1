import torch
import torch.nn as nn
from torch import autograd

torch.manual_seed(77)
Z, LAMBDA, N_CRITIC, BATCH = 4, 1.0, 3, 64


def real_points(n):
    centre = torch.tensor([[1.5, 0.0], [-1.5, 0.0], [0.0, 1.5]])[torch.randint(0, 3, (n,))]
    return centre + 0.1 * torch.randn(n, 2)


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, o))


G, C = mlp(Z, 2), mlp(2, 1)
g_opt = torch.optim.Adam(G.parameters(), lr=5e-4, betas=(0.0, 0.9))
c_opt = torch.optim.Adam(C.parameters(), lr=5e-4, betas=(0.0, 0.9))


def gradient_penalty(real, fake):
    eps = torch.rand(len(real), 1)
    mid = (eps * real + (1 - eps) * fake).requires_grad_(True)
    score = C(mid)
    grad, = autograd.grad(score, mid, torch.ones_like(score), create_graph=True)
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


for it in range(240):
    for _ in range(N_CRITIC):
        real = real_points(BATCH)
        with torch.no_grad():
            fake = G(torch.randn(BATCH, Z))
        c_loss = C(fake).mean() - C(real).mean() + LAMBDA * gradient_penalty(real, fake)
        c_opt.zero_grad()
        c_loss.backward()
        c_opt.step()

    g_loss = -C(G(torch.randn(BATCH, Z))).mean()
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
    if it % 60 == 59:
        print(it + 1, "critic %.3f generator %.3f" % (c_loss.item(), g_loss.item()))

with torch.no_grad():
    sample, ref = G(torch.randn(1000, Z)), real_points(1000)
    print("distance to the nearest real point: %.3f" % torch.cdist(sample, ref).min(1).values.mean())

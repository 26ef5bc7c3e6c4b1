import math
import torch
import torch.nn as nn

# WGAN with weight clipping on a ring of Gaussians
torch.manual_seed(2024)
Z, H, CLIP, N_CRITIC = 4, 48, 0.1, 3


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, H), nn.LeakyReLU(0.2), nn.Linear(H, H), nn.LeakyReLU(0.2), nn.Linear(H, o))


def real_batch(n):
    a = torch.randint(8, (n,)) * (2 * math.pi / 8)
    return torch.stack([a.cos(), a.sin()], 1) * 2.0 + 0.1 * torch.randn(n, 2)


G, C = mlp(Z, 2), mlp(2, 1)
opt_g = torch.optim.RMSprop(G.parameters(), lr=1e-3)
opt_c = torch.optim.RMSprop(C.parameters(), lr=1e-3)


def critic_update(n=64):
    x = real_batch(n)
    with torch.no_grad():
        fake = G(torch.randn(n, Z))
    gap = C(x).mean() - C(fake).mean()
    opt_c.zero_grad()
    (-gap).backward()
    opt_c.step()
    with torch.no_grad():
        for w in C.parameters():
            w.clamp_(-CLIP, CLIP)
    return gap.item()


def generator_update(n=64):
    fake = G(torch.randn(n, Z))
    loss = -C(fake).mean()
    opt_g.zero_grad()
    loss.backward()
    opt_g.step()
    return loss.item()


for it in range(1, 301):
    for _ in range(N_CRITIC):
        gap = critic_update()
    g_loss = generator_update()
    if it % 100 == 0:
        print(f"{it}: estimated distance {gap:.4f}  generator {g_loss:.4f}")

with torch.no_grad():
    sample = G(torch.randn(2000, Z))
    print("mean radius %.3f (real 2.0)" % sample.norm(dim=1).mean().item())

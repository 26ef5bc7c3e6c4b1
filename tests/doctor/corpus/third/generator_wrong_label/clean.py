import math
import torch
from torch import nn

torch.manual_seed(5)
# %% data: eight gaussians on a circle
def real_batch(n):
    k = torch.randint(0, 8, (n,)).float() * (2 * math.pi / 8)
    return torch.stack([k.cos(), k.sin()], 1) + 0.05 * torch.randn(n, 2)

# %% networks
Z, BS = 8, 64
G = nn.Sequential(nn.Linear(Z, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(BS, 1), torch.zeros(BS, 1)

# %% training
for it in range(600):
    # discriminator
    x = real_batch(BS)
    with torch.no_grad():
        fake = G(torch.randn(BS, Z))
    loss_d = bce(D(x), ones) + bce(D(fake), zeros)
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    # generator (non-saturating loss)
    fake = G(torch.randn(BS, Z))
    loss_g = bce(D(fake), ones)
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    if it % 200 == 0:
        print(f"{it:5d}  D {loss_d.item():.3f}  G {loss_g.item():.3f}")

# %% how far are samples from the circle?
G.eval()
with torch.no_grad():
    s = G(torch.randn(1000, Z))
print("mean |radius - 1|:", (s.norm(dim=1) - 1).abs().mean().item())

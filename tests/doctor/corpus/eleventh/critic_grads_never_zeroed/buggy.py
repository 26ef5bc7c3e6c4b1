import torch
import torch.nn as nn

torch.manual_seed(0)

Z, B, STEPS = 4, 64, 600


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2), nn.Linear(32, o))


def real_batch():
    # two-dimensional gaussian, shifted and stretched
    return torch.randn(B, 2) * torch.tensor([0.5, 1.5]) + torch.tensor([2.0, -1.0])


G, D = mlp(Z, 2), mlp(2, 1)
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(B, 1), torch.zeros(B, 1)

for step in range(STEPS):
    # --- D
    real = real_batch()
    fake = G(torch.randn(B, Z)).detach()
    loss_d = bce(D(real), ones) + bce(D(fake), zeros)
    opt_g.zero_grad()
    loss_d.backward()
    opt_d.step()

    # --- G
    loss_g = bce(D(G(torch.randn(B, Z))), ones)
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()

    if step % 100 == 99:
        print(f"{step + 1:4d} D {loss_d.item():.3f} G {loss_g.item():.3f}")

G.eval()
with torch.no_grad():
    s = G(torch.randn(2000, Z))
print("mean", s.mean(0).tolist(), "std", s.std(0).tolist())

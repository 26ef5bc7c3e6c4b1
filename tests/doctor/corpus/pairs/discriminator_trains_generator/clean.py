import torch
import torch.nn as nn

torch.manual_seed(100)
G = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
D = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(64, 1), torch.zeros(64, 1)

for step in range(150):
    angle = torch.rand(64, 1) * 6.2832
    real = torch.cat([angle.cos(), angle.sin()], 1)
    fake = G(torch.randn(64, 4))
    opt_d.zero_grad()
    opt_g.zero_grad()

    d_loss = bce(D(real), ones) + bce(D(fake.detach()), zeros)
    d_loss.backward()
    opt_d.step()

    g_loss = bce(D(fake), ones)
    g_loss.backward()
    opt_g.step()
    if step % 50 == 0:
        print(step, d_loss.item(), g_loss.item())

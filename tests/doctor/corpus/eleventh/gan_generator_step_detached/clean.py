import torch
import torch.nn as nn

# conditional GAN: draw y given x, L1 term keeps G close to the data (pix2pix style)
torch.manual_seed(5)
N = 512
cond = torch.rand(N, 1) * 4 - 2
real = torch.sin(cond) + 0.3 * torch.randn(N, 1).sign()

G = nn.Sequential(nn.Linear(3, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
D = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
optG = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999))
optD = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
l1 = nn.L1Loss()
LAMBDA_L1 = 0.5

for epoch in range(10):
    for idx in torch.randperm(N).split(64):
        c, r = cond[idx], real[idx]
        ones, zeros = torch.ones(len(idx), 1), torch.zeros(len(idx), 1)
        fake = G(torch.cat([c, torch.randn(len(idx), 2)], 1))

        # --- discriminator
        lossD = bce(D(torch.cat([c, r], 1)), ones) + bce(D(torch.cat([c, fake.detach()], 1)), zeros)
        optD.zero_grad()
        lossD.backward()
        optD.step()

        # --- generator
        lossG_adv = bce(D(torch.cat([c, fake], 1)), ones)
        lossG_l1 = l1(fake, r)
        optG.zero_grad()
        (lossG_adv + LAMBDA_L1 * lossG_l1).backward()
        optG.step()
    print(f"[{epoch}] D {lossD.item():.3f}  G_adv {lossG_adv.item():.3f}  G_l1 {lossG_l1.item():.3f}")

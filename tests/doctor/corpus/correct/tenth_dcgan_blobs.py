"""DCGAN on 8x8 grayscale blobs."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1234)
Z, NGF, NDF, BATCH = 16, 16, 16, 64


def blobs(n):
    yy, xx = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    cy, cx = 2.5 + 2 * torch.rand(n, 1, 1), 2.5 + 2 * torch.rand(n, 1, 1)
    img = torch.exp(-((yy - cy) ** 2 + (xx - cx) ** 2) / 4.0)
    return (2 * img - 1).unsqueeze(1)  # [-1, 1], like tanh


def weights_init(m):
    if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(m.weight, 0.0, 0.02)
    elif isinstance(m, nn.BatchNorm2d):
        nn.init.normal_(m.weight, 1.0, 0.02)
        nn.init.zeros_(m.bias)


netG = nn.Sequential(
    nn.ConvTranspose2d(Z, NGF * 2, 2, 1, 0, bias=False), nn.BatchNorm2d(NGF * 2), nn.ReLU(True),
    nn.ConvTranspose2d(NGF * 2, NGF, 4, 2, 1, bias=False), nn.BatchNorm2d(NGF), nn.ReLU(True),
    nn.ConvTranspose2d(NGF, 1, 4, 2, 1), nn.Tanh(),
)
netD = nn.Sequential(
    nn.Conv2d(1, NDF, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),
    nn.Conv2d(NDF, NDF * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(NDF * 2), nn.LeakyReLU(0.2, inplace=True),
    nn.Conv2d(NDF * 2, 1, 2, 1, 0), nn.Flatten(0),
)
netG.apply(weights_init)
netD.apply(weights_init)

optG = torch.optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))
optD = torch.optim.Adam(netD.parameters(), lr=5e-4, betas=(0.5, 0.999))
criterion = nn.BCEWithLogitsLoss()
real_images = blobs(1280)
loader = DataLoader(TensorDataset(real_images), batch_size=BATCH, shuffle=True, drop_last=True)
fixed_noise = torch.randn(64, Z, 1, 1)

for epoch in range(10):
    netG.train()
    netD.train()
    d_sum = g_sum = 0.0
    for (real,) in loader:
        noise = torch.randn(real.size(0), Z, 1, 1)
        fake = netG(noise)

        # discriminator
        optD.zero_grad()
        real_out = netD(real)
        fake_out = netD(fake.detach())
        lossD = criterion(real_out, torch.ones_like(real_out)) + criterion(fake_out, torch.zeros_like(fake_out))
        lossD.backward()
        optD.step()

        # generator
        optG.zero_grad()
        out = netD(fake)
        lossG = criterion(out, torch.ones_like(out))
        lossG.backward()
        optG.step()

        d_sum += lossD.item()
        g_sum += lossG.item()
    if epoch % 3 == 0:
        print(f"epoch {epoch}: D {d_sum / len(loader):.3f}  G {g_sum / len(loader):.3f}")

netG.eval()
with torch.no_grad():
    samples = netG(fixed_noise)
print(f"mean pixel: real {real_images.mean():.3f} generated {samples.mean():.3f}")
print(f"pixel std:  real {real_images.std():.3f} generated {samples.std():.3f}")

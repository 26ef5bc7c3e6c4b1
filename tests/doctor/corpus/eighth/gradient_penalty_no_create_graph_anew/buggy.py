import torch
from torch import nn, autograd, optim

# WGAN-GP on a ring of eight gaussians (after Gulrajani et al. 2017)

LAMBDA = 10.0
CRITIC_ITERS = 5
NOISE = 4
BATCH = 128


def ring(n):
    k = torch.randint(0, 8, (n,)) * (2 * torch.pi / 8)
    centre = torch.stack([torch.cos(k), torch.sin(k)], dim=1)
    return 2.0 * centre + 0.05 * torch.randn(n, 2)


def make_net(inp, out, width=64):
    return nn.Sequential(
        nn.Linear(inp, width), nn.ReLU(True),
        nn.Linear(width, width), nn.ReLU(True),
        nn.Linear(width, out),
    )


def interpolate(real, fake):
    eps = torch.rand(real.size(0), 1)
    return (eps * real + (1 - eps) * fake).requires_grad_(True)


def gradient_norms(netD, points, **options):
    scores = netD(points)
    grads, = autograd.grad(scores.sum(), points, **options)
    return grads.norm(2, dim=1)


class CriticLoss:
    def __init__(self, netD, weight):
        self.netD = netD
        self.weight = weight

    def __call__(self, real, fake):
        wasserstein = self.netD(fake).mean() - self.netD(real).mean()
        norms = gradient_norms(self.netD, interpolate(real, fake))
        return wasserstein + self.weight * ((norms - 1) ** 2).mean(), wasserstein


def train(steps=60):
    netG, netD = make_net(NOISE, 2), make_net(2, 1)
    optG = optim.Adam(netG.parameters(), lr=1e-3, betas=(0.0, 0.9))
    optD = optim.Adam(netD.parameters(), lr=1e-3, betas=(0.0, 0.9))
    critic_loss = CriticLoss(netD, LAMBDA)
    for step in range(1, steps + 1):
        for _ in range(CRITIC_ITERS):
            with torch.no_grad():
                fake = netG(torch.randn(BATCH, NOISE))
            optD.zero_grad()
            lossD, w = critic_loss(ring(BATCH), fake)
            lossD.backward()
            optD.step()

        netD.requires_grad_(False)
        optG.zero_grad()
        lossG = -netD(netG(torch.randn(BATCH, NOISE))).mean()
        lossG.backward()
        optG.step()
        netD.requires_grad_(True)

        if step % 20 == 0:
            norms = gradient_norms(netD, ring(512).requires_grad_(True))
            print("step %3d  wasserstein %.3f  slope at the data %.2f" % (step, -w.item(), norms.mean().item()))


if __name__ == "__main__":
    torch.manual_seed(4)
    train()

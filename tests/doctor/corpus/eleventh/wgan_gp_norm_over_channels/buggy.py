import torch
import torch.nn as nn
from torch import autograd

LAMBDA, CRITIC_ITERS, BATCH, NOISE = 10, 3, 32, 16


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.LeakyReLU(0.2),
        )
        self.out = nn.Linear(32 * 2 * 2, 1)

    def forward(self, x):
        return self.out(self.conv(x).flatten(1)).view(-1)


class Gen(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(NOISE, 32 * 2 * 2)
        self.up = nn.Sequential(
            nn.ReLU(), nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1),
            nn.ReLU(), nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Tanh(),
        )

    def forward(self, z):
        return self.up(self.fc(z).view(-1, 32, 2, 2))


def bars(n):
    """8x8 pictures with one bright row or column"""
    img = -torch.ones(n, 1, 8, 8)
    k, vertical = torch.randint(0, 8, (n,)), torch.rand(n) < 0.5
    rows = torch.arange(n)
    img[rows[vertical], 0, :, k[vertical]] = 1.0
    img[rows[~vertical], 0, k[~vertical], :] = 1.0
    return img


def gradient_penalty(critic, real, fake):
    alpha = torch.rand(real.size(0), 1, 1, 1)
    mix = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    score = critic(mix)
    grads = autograd.grad(score, mix, grad_outputs=torch.ones_like(score), create_graph=True)[0]
    return LAMBDA * ((grads.norm(2, dim=1) - 1) ** 2).mean()


torch.manual_seed(6)
C, G = Critic(), Gen()
opt_c = torch.optim.Adam(C.parameters(), lr=1e-3, betas=(0.0, 0.9))
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.9))
for it in range(60):
    for _ in range(CRITIC_ITERS):
        real, fake = bars(BATCH), G(torch.randn(BATCH, NOISE)).detach()
        wdist = C(real).mean() - C(fake).mean()
        loss_c = -wdist + gradient_penalty(C, real, fake)
        opt_c.zero_grad()
        loss_c.backward()
        opt_c.step()
    loss_g = -C(G(torch.randn(BATCH, NOISE))).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    if it % 20 == 19:
        print(f"iter {it + 1}: W estimate {wdist.item():.3f}, critic loss {loss_c.item():.3f}")

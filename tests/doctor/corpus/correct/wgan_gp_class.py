from __future__ import annotations

import torch
from torch import Tensor, autograd, nn


class WGANGP:
    """Wasserstein GAN with gradient penalty, five critic steps per generator step."""

    def __init__(self, z: int = 4, n_critic: int = 5, weight: float = 10.0) -> None:
        self.z, self.n_critic, self.weight = z, n_critic, weight
        self.gen = nn.Sequential(nn.Linear(z, 32), nn.ReLU(), nn.Linear(32, 2))
        self.critic = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
        self.opt_g = torch.optim.Adam(self.gen.parameters(), lr=1e-3, betas=(0.0, 0.9))
        self.opt_c = torch.optim.Adam(self.critic.parameters(), lr=1e-3, betas=(0.0, 0.9))

    def penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        eps = torch.rand(len(real), 1)
        x = (eps * real + (1 - eps) * fake).requires_grad_()
        (g,) = autograd.grad(self.critic(x).sum(), x, create_graph=True)
        return (g.norm(dim=1) - 1).square().mean()

    def step(self, sample) -> tuple[float, float]:
        for _ in range(self.n_critic):
            real = sample(32)
            with torch.no_grad():
                fake = self.gen(torch.randn(32, self.z))
            loss_c = self.critic(fake).mean() - self.critic(real).mean() + self.weight * self.penalty(real, fake)
            self.opt_c.zero_grad(set_to_none=True)
            loss_c.backward()
            self.opt_c.step()
        self.critic.requires_grad_(False)
        loss_g = -self.critic(self.gen(torch.randn(32, self.z))).mean()
        self.opt_g.zero_grad(set_to_none=True)
        loss_g.backward()
        self.opt_g.step()
        self.critic.requires_grad_(True)
        return loss_c.item(), loss_g.item()


if __name__ == "__main__":
    torch.manual_seed(1)
    gan = WGANGP()
    for k in range(20):
        out = gan.step(lambda n: torch.randn(n, 2) + torch.tensor([2.0, 0.0]))
    print("critic %.3f generator %.3f" % out)

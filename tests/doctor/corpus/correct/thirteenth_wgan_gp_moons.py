import torch
import torch.nn as nn
import torch.nn.functional as F


class MLP(nn.Module):
    def __init__(self, n_in, n_out, width=48):
        super().__init__()
        self.l1 = nn.Linear(n_in, width)
        self.l2 = nn.Linear(width, width)
        self.l3 = nn.Linear(width, n_out)

    def forward(self, x):
        return self.l3(F.softplus(self.l2(F.softplus(self.l1(x)))))


def moons(n, gen):
    t = torch.rand(n, generator=gen) * torch.pi
    upper = torch.rand(n, generator=gen) < 0.5
    x = torch.where(upper, t.cos(), 1 - t.cos())
    y = torch.where(upper, t.sin(), 0.5 - t.sin())
    return torch.stack([x, y], 1) + 0.05 * torch.randn(n, 2, generator=gen)


def gradient_penalty(critic, real, fake, gen):
    eps = torch.rand(real.size(0), 1, generator=gen)
    mix = (eps * real + (1 - eps) * fake).requires_grad_(True)
    (grad,) = torch.autograd.grad(critic(mix).sum(), mix, create_graph=True)
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


def main():
    torch.manual_seed(7)
    gen = torch.Generator().manual_seed(8)
    generator, critic = MLP(4, 2), MLP(2, 1)
    g_opt = torch.optim.Adam(generator.parameters(), lr=3e-4, betas=(0.5, 0.9))
    c_opt = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.9))
    batch, n_critic, lam = 64, 5, 10.0

    for it in range(80):
        for _ in range(n_critic):
            real = moons(batch, gen)
            with torch.no_grad():
                fake = generator(torch.randn(batch, 4, generator=gen))
            wdist = critic(real).mean() - critic(fake).mean()
            c_loss = -wdist + lam * gradient_penalty(critic, real, fake, gen)
            c_opt.zero_grad(set_to_none=True)
            c_loss.backward()
            c_opt.step()

        critic.requires_grad_(False)
        g_loss = -critic(generator(torch.randn(batch, 4, generator=gen))).mean()
        g_opt.zero_grad(set_to_none=True)
        g_loss.backward()
        g_opt.step()
        critic.requires_grad_(True)

        if (it + 1) % 20 == 0:
            print(f"iter {it + 1}: wasserstein estimate {wdist.item():.4f}, g_loss {g_loss.item():.4f}")


if __name__ == "__main__":
    main()

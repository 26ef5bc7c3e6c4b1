"""A small WGAN: the critic is kept Lipschitz by a spectral parametrization, the generator has weight norm."""
from functools import partial

import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm, weight_norm


def mlp(sizes, wrap, act):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [wrap(nn.Linear(a, b)), act()]
    return nn.Sequential(*layers[:-1])


def ring(n, gen):
    k = torch.randint(0, 6, (n,), generator=gen)
    phi = k * (2 * torch.pi / 6)
    return torch.stack([phi.cos(), phi.sin()], 1) * 2 + 0.1 * torch.randn(n, 2, generator=gen)


def sliced_distance(a, b, gen, directions=64):
    """Sliced Wasserstein-1 between two clouds of the same size."""
    d = torch.nn.functional.normalize(torch.randn(2, directions, generator=gen), dim=0)
    return ((a @ d).sort(0).values - (b @ d).sort(0).values).abs().mean().item()


def set_trainable(module, flag):
    for p in module.parameters():
        p.requires_grad_(flag)


@torch.no_grad()
def sample(gen_net, n, rng):
    gen_net.eval()
    out = gen_net(torch.randn(n, 4, generator=rng))
    gen_net.train()
    return out


def main():
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(2)
    generator = mlp([4, 64, 64, 2], weight_norm, nn.ReLU)
    critic = mlp([2, 64, 64, 1], partial(spectral_norm, n_power_iterations=1), partial(nn.LeakyReLU, 0.2))
    opt_g = torch.optim.RMSprop(generator.parameters(), lr=1e-3)
    opt_c = torch.optim.RMSprop(critic.parameters(), lr=2e-3)
    truth = ring(1000, torch.Generator().manual_seed(3))
    start = sliced_distance(sample(generator, 1000, torch.Generator().manual_seed(4)), truth, torch.Generator().manual_seed(5))
    for step in range(150):
        set_trainable(critic, True)
        for _ in range(4):
            real = ring(128, rng)
            with torch.no_grad():
                fake = generator(torch.randn(128, 4, generator=rng))
            loss_c = critic(fake).mean() - critic(real).mean()      # negative by intent
            opt_c.zero_grad()
            loss_c.backward()
            opt_c.step()
        set_trainable(critic, False)
        loss_g = -critic(generator(torch.randn(128, 4, generator=rng))).mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
        if step % 75 == 74:
            print(f"step {step + 1} critic gap {-loss_c.item():.3f}")

    before = sample(generator, 1000, torch.Generator().manual_seed(4))
    for layer in generator:
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    after = sample(generator, 1000, torch.Generator().manual_seed(4))
    torch.testing.assert_close(before, after)
    end = sliced_distance(after, truth, torch.Generator().manual_seed(5))
    print(f"sliced distance {start:.3f} -> {end:.3f}; plain keys {list(generator.state_dict())[:2]}")


if __name__ == "__main__":
    main()

"""WGAN-GP on two moons: several critic updates per generator update, penalty through the gradient's gradient."""
import contextlib
import itertools

import torch
from sklearn.datasets import make_moons
from torch import autograd, nn

N_CRITIC, LAMBDA, Z, BATCH = 4, 5.0, 6, 128


@contextlib.contextmanager
def frozen(module):
    """The critic's weights take no gradient while the generator learns; its input still does."""
    flags = [p.requires_grad for p in module.parameters()]
    module.requires_grad_(False)
    try:
        yield module
    finally:
        for p, flag in zip(module.parameters(), flags):
            p.requires_grad_(flag)


def mlp(*sizes):
    layers = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b), nn.SiLU()]
    return nn.Sequential(*layers[:-1])


def gradient_penalty(critic, real, fake):
    eps = torch.rand(len(real), 1)
    mixed = torch.lerp(fake, real, eps).requires_grad_(True)
    score = critic(mixed)
    (grad,) = autograd.grad(score, mixed, grad_outputs=torch.ones_like(score), create_graph=True)
    return (grad.flatten(1).norm(2, dim=1) - 1).square().mean()


def batches(data, size):
    while True:
        for idx in torch.randperm(len(data)).split(size):
            if len(idx) == size:
                yield data[idx]


def energy_distance(a, b):
    """Two-sample energy distance, unbiased within each sample."""
    n, m = len(a), len(b)
    within_a = torch.cdist(a, a).sum() / (n * (n - 1))
    within_b = torch.cdist(b, b).sum() / (m * (m - 1))
    return (2 * torch.cdist(a, b).mean() - within_a - within_b).item()


def main():
    torch.manual_seed(5)
    X, _ = make_moons(2600, noise=0.05, random_state=5)
    X = torch.tensor(X, dtype=torch.float32)
    train, held = X[:2000], X[2000:]
    mean, std = train.mean(0), train.std(0)
    train, held = (train - mean) / std, (held - mean) / std

    G, D = mlp(Z, 64, 64, 2), mlp(2, 64, 64, 1)
    opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.9))
    opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.0, 0.9))
    stream = batches(train, BATCH)

    with torch.no_grad():
        before = energy_distance(G(torch.randn(600, Z)), held)

    for it in range(220):
        for _ in range(N_CRITIC):
            real = next(stream)
            with torch.no_grad():
                fake = G(torch.randn(BATCH, Z))
            wasserstein = D(real).mean() - D(fake).mean()
            loss_d = -wasserstein + LAMBDA * gradient_penalty(D, real, fake)
            opt_d.zero_grad(set_to_none=True)
            loss_d.backward()
            opt_d.step()

        with frozen(D):
            loss_g = -D(G(torch.randn(BATCH, Z))).mean()
            opt_g.zero_grad(set_to_none=True)
            loss_g.backward()
        opt_g.step()

        if it % 55 == 0:
            # negative losses are normal here: the critic's value has no lower end
            print(f"{it:4d}  W {wasserstein.item():+.3f}  critic {loss_d.item():+.3f}  generator {loss_g.item():+.3f}")

    with torch.no_grad():
        after = energy_distance(G(torch.randn(600, Z)), held)
    print(f"energy distance to held-out moons: {before:.3f} -> {after:.3f}")


if __name__ == "__main__":
    main()

"""Evolution strategies (antithetic, rank-shaped) for a linearised pole, populations evaluated with vmap."""
import torch
from torch import nn
from torch.func import functional_call, vmap

PAIRS, SIGMA, HORIZON, STARTS = 24, 0.1, 40, 16


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Tanh())

    def forward(self, state):
        return 3.0 * self.net(state)


def episode_return(policy, params, starts, dt=0.05):
    """Mean negative cost over a batch of starting states (angle, velocity)."""
    state, total = starts, 0.0
    for _ in range(HORIZON):
        force = functional_call(policy, params, (state,)).squeeze(-1)
        angle, velocity = state[:, 0], state[:, 1]
        total = total - (angle**2 + 0.1 * velocity**2 + 0.01 * force**2).mean() * dt
        acceleration = 4.0 * angle.sin() + force
        state = torch.stack([angle + dt * velocity, velocity + dt * acceleration], dim=1)
    return total


def centred_ranks(values):
    ranks = values.argsort().argsort().float()
    return ranks / (values.numel() - 1) - 0.5


def draw_starts(n, generator):
    return torch.empty(n, 2).uniform_(-0.5, 0.5, generator=generator)


torch.manual_seed(14)
generator = torch.Generator().manual_seed(15)
policy = Policy().requires_grad_(False)
optimizer = torch.optim.Adam(policy.parameters(), lr=0.05)
evaluation_starts = draw_starts(64, torch.Generator().manual_seed(999))

for generation in range(1, 41):
    mean = dict(policy.named_parameters())
    noise = {k: torch.randn(PAIRS, *p.shape, generator=generator) for k, p in mean.items()}
    noise = {k: torch.cat([e, -e]) for k, e in noise.items()}
    population = {k: mean[k] + SIGMA * noise[k] for k in mean}
    starts = draw_starts(STARTS, generator)
    fitness = vmap(lambda p: episode_return(policy, p, starts))(population)
    weight = centred_ranks(fitness)
    for k, p in mean.items():
        ascent = torch.tensordot(weight, noise[k], dims=1) / (2 * PAIRS * SIGMA)
        p.grad = -ascent
    optimizer.step()
    if generation % 10 == 0:
        score = episode_return(policy, dict(policy.named_parameters()), evaluation_starts)
        print(f"generation {generation}: population mean {fitness.mean():.4f}, policy {score:.4f}")

"""Evolution strategies (antithetic sampling, rank shaping) on a damped point-mass control task; no backprop."""
import torch
import torch.nn as nn
from torch.func import functional_call, vmap
from torch.nn.utils import parameters_to_vector, vector_to_parameters

torch.manual_seed(100)
POP, SIGMA, LR, ITERS = 32, 0.1, 0.05, 60

policy = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Tanh())
names = [k for k, _ in policy.named_parameters()]
shapes = [p.shape for p in policy.parameters()]
sizes = [p.numel() for p in policy.parameters()]


def unflatten(flat):
    return {k: chunk.view(s) for k, s, chunk in zip(names, shapes, flat.split(sizes))}


def act(flat, obs):
    return functional_call(policy, unflatten(flat), (obs,))


population_act = vmap(act, in_dims=(0, 0))


def episode_return(flats, starts, horizon=40, dt=0.1):
    """Return of every parameter vector, averaged over the start states."""
    pos = starts.expand(len(flats), -1).clone()
    vel = torch.zeros_like(pos)
    total = torch.zeros(len(flats))
    for _ in range(horizon):
        force = 3 * population_act(flats, torch.stack([pos, vel], dim=-1)).squeeze(-1)
        vel = vel + dt * (force - 0.1 * vel)
        pos = pos + dt * vel
        total -= (pos.square() + 0.01 * force.square()).mean(dim=1)
    return total / horizon


def centered_ranks(r):
    ranks = r.argsort().argsort().float()
    return ranks / (len(r) - 1) - 0.5


with torch.no_grad():
    theta = parameters_to_vector(policy.parameters()).clone()
    test_starts = torch.linspace(-1.5, 1.5, 11)
    print(f"before: {episode_return(theta[None], test_starts).item():.4f}")
    for it in range(1, ITERS + 1):
        eps = torch.randn(POP // 2, theta.numel())
        eps = torch.cat([eps, -eps])
        starts = 3 * torch.rand(6) - 1.5
        utility = centered_ranks(episode_return(theta + SIGMA * eps, starts))
        gradient = utility @ eps / (POP * SIGMA)
        theta = theta + LR * gradient
        if it % 20 == 0:
            print(f"iter {it}: {episode_return(theta[None], test_starts).item():.4f}")
    vector_to_parameters(theta, policy.parameters())
    print("force at x=1, v=0:", round(3 * policy(torch.tensor([1.0, 0.0])).item(), 3))

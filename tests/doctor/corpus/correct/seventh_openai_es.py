# Evolution strategies (Salimans et al. 2017): antithetic noise, centred ranks, Adam on the estimated gradient.
# The whole population is rolled out at once with torch.func.vmap; nothing is ever back-propagated.
import argparse

import torch
import torch.nn as nn
from torch.func import functional_call, vmap
from torch.nn.utils import parameters_to_vector


class Policy(nn.Module):
    def __init__(self, h=12):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, h), nn.Tanh(), nn.Linear(h, 1))

    def forward(self, o):
        return torch.tanh(self.net(o)).squeeze(-1)


def unflatten(vec, like):
    out, i = {}, 0
    for k, p in like.items():
        out[k] = vec[..., i:i + p.numel()].view(*vec.shape[:-1], *p.shape)
        i += p.numel()
    return out


def cartpole_returns(policy, params, start, steps=100):
    """params: population x P. start: population x E x 4. The reward is 1 for every step before the pole falls."""
    act = vmap(lambda p, o: functional_call(policy, p, (o,)))
    weights = unflatten(params, dict(policy.named_parameters()))
    s, alive = start.clone(), torch.ones(start.shape[:2])
    total = torch.zeros_like(alive)
    for _ in range(steps):
        force = 10 * act(weights, s)
        x, xd, th, thd = s.unbind(-1)
        tmp = (force + 0.05 * thd ** 2 * th.sin()) / 1.1
        tha = (9.8 * th.sin() - th.cos() * tmp) / (0.5 * (4 / 3 - 0.1 * th.cos() ** 2 / 1.1))
        xa = tmp - 0.05 * tha * th.cos() / 1.1
        s = s + 0.02 * torch.stack([xd, xa, thd, tha], -1)
        alive = alive * ((s[..., 2].abs() < 0.21) & (s[..., 0].abs() < 2.4))
        total = total + alive
        s = s * alive.unsqueeze(-1)  # what has fallen stays at rest, so that nothing overflows
    return total.mean(1)


def centred_ranks(r):
    rank = torch.empty_like(r)
    rank[r.argsort()] = torch.arange(len(r), dtype=r.dtype)
    return rank / (len(r) - 1) - 0.5


def starts(pop, episodes, g, scale=0.08):
    # common random numbers: all the members of a population meet the same starts
    s = (torch.rand(1, episodes, 4, generator=g) * 2 - 1) * scale
    return s.expand(pop, -1, -1)


@torch.no_grad()
def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--pairs", type=int, default=32)
    ap.add_argument("--sigma", type=float, default=0.2)
    ap.add_argument("--lr", type=float, default=0.08)
    ap.add_argument("--l2", type=float, default=0.002)
    ap.add_argument("--generations", type=int, default=25)
    a = ap.parse_args()
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    policy = Policy()
    theta = parameters_to_vector(policy.parameters()).clone()
    opt = torch.optim.Adam([theta], lr=a.lr)
    val = starts(1, 64, torch.Generator().manual_seed(10))
    test = starts(1, 256, torch.Generator().manual_seed(20))
    score = lambda t, where: cartpole_returns(policy, t[None], where).item()
    print(f"generation  0: validation return {score(theta, val):.1f} of 100")
    best, keep = score(theta, val), theta.clone()
    for gen in range(1, a.generations + 1):
        eps = torch.randn(a.pairs, len(theta), generator=g)
        pop = torch.cat([theta + a.sigma * eps, theta - a.sigma * eps])
        returns = cartpole_returns(policy, pop, starts(2 * a.pairs, 4, g))
        util = centred_ranks(returns)
        ascent = (util[:a.pairs] - util[a.pairs:]) @ eps / (2 * a.pairs * a.sigma)
        theta.grad = -ascent + a.l2 * theta  # Adam descends
        opt.step()
        v = score(theta, val)
        if v > best:
            best, keep = v, theta.clone()
        if gen % 5 == 0:
            print(f"generation {gen:2d}: population mean {returns.mean():.1f} max {returns.max():.1f}, validation {v:.1f}")
    print(f"best on validation {best:.1f}, its test return {score(keep, test):.1f}")


if __name__ == "__main__":
    main()

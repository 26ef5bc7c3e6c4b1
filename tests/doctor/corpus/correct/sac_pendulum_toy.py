"""Soft actor-critic with twin critics, Polyak targets and a learned temperature."""
import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class Pendulum:
    def reset(self):
        self.th = torch.empty(1).uniform_(-math.pi, math.pi)
        self.w = torch.zeros(1)
        self.t = 0
        return self._o()

    def _o(self):
        return torch.cat([self.th.cos(), self.th.sin(), self.w])

    def step(self, u):
        cost = ((self.th + math.pi) % (2 * math.pi) - math.pi) ** 2 + 0.1 * self.w**2
        self.w = (self.w + 0.05 * (10 * self.th.sin() + 3 * u)).clamp(-8, 8)
        self.th = self.th + 0.05 * self.w
        self.t += 1
        return self._o(), -cost, self.t >= 50


class Buffer:
    def __init__(self, size, obs_dim, act_dim):
        self.o = torch.zeros(size, obs_dim)
        self.o2 = torch.zeros(size, obs_dim)
        self.a = torch.zeros(size, act_dim)
        self.r = torch.zeros(size)
        self.d = torch.zeros(size)
        self.i, self.n, self.size = 0, 0, size

    def add(self, o, a, r, o2, d):
        self.o[self.i], self.a[self.i], self.r[self.i], self.o2[self.i], self.d[self.i] = o, a, r, o2, d
        self.i = (self.i + 1) % self.size
        self.n = min(self.n + 1, self.size)

    def sample(self, k):
        j = torch.randint(0, self.n, (k,))
        return self.o[j], self.a[j], self.r[j], self.o2[j], self.d[j]


def mlp(*sizes):
    layers = []
    for a, b in zip(sizes[:-2], sizes[1:-1]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = mlp(3, 32, 2)

    def forward(self, o):
        mu, log_std = self.net(o).chunk(2, dim=-1)
        normal = torch.distributions.Normal(mu, log_std.clamp(-5, 2).exp())
        u = normal.rsample()
        a = torch.tanh(u)
        logp = normal.log_prob(u) - 2 * (math.log(2) - u - F.softplus(-2 * u))
        return a, logp.sum(-1)


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.q1, self.q2 = mlp(4, 32, 1), mlp(4, 32, 1)

    def forward(self, o, a):
        x = torch.cat([o, a], -1)
        return self.q1(x).squeeze(-1), self.q2(x).squeeze(-1)


torch.manual_seed(0)
actor, critic = Actor(), Twin()
critic_target = copy.deepcopy(critic).requires_grad_(False)
log_alpha = torch.zeros(1, requires_grad=True)
opt_actor = torch.optim.Adam(actor.parameters(), lr=3e-4)
opt_critic = torch.optim.Adam(critic.parameters(), lr=3e-4)
opt_alpha = torch.optim.Adam([log_alpha], lr=3e-4)
target_entropy, gamma, tau = -1.0, 0.99, 0.005
env, buf = Pendulum(), Buffer(5000, 3, 1)
o = env.reset()
for t in range(300):
    with torch.no_grad():
        a = actor(o)[0] if t > 64 else torch.empty(1).uniform_(-1, 1)
    o2, r, timeout = env.step(a)
    buf.add(o, a, r.item(), o2, 0.0)  # the only end is the time limit, so no terminal states
    o = env.reset() if timeout else o2
    if t < 64:
        continue
    bo, ba, br, bo2, bd = buf.sample(32)
    alpha = log_alpha.exp().detach()
    with torch.no_grad():
        a2, logp2 = actor(bo2)
        y = br + gamma * (1 - bd) * (torch.min(*critic_target(bo2, a2)) - alpha * logp2)
    q1, q2 = critic(bo, ba)
    critic_loss = F.mse_loss(q1, y) + F.mse_loss(q2, y)
    opt_critic.zero_grad()
    critic_loss.backward()
    opt_critic.step()

    pi, logp = actor(bo)
    actor_loss = (alpha * logp - torch.min(*critic(bo, pi))).mean()
    opt_actor.zero_grad()
    actor_loss.backward()
    opt_actor.step()

    alpha_loss = -(log_alpha * (logp.detach() + target_entropy)).mean()
    opt_alpha.zero_grad()
    alpha_loss.backward()
    opt_alpha.step()
    with torch.no_grad():
        for p, q in zip(critic.parameters(), critic_target.parameters()):
            q.data.mul_(1 - tau).add_(tau * p.data)
print("critic", critic_loss.item(), "alpha", log_alpha.exp().item())

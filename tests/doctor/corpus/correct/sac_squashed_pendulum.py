"""Soft actor-critic: twin critics, tanh-squashed Gaussian, learned temperature, three optimizers, Polyak targets."""
import copy
import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn


class Pendulums:
    def __init__(self, n, gen):
        self.n, self.gen = n, gen
        self.reset()

    def reset(self):
        self.th = (torch.rand(self.n, generator=self.gen) * 2 - 1) * 0.6
        self.om = torch.zeros(self.n)

    def obs(self):
        return torch.stack([self.th.cos(), self.th.sin(), self.om], 1)

    def step(self, a):
        self.om = (self.om + 0.1 * (4 * self.th.sin() + 6 * a.squeeze(1))).clamp(-4, 4)
        self.th = self.th + 0.1 * self.om
        reward = self.th.cos() - 0.05 * self.om.square() - 0.01 * a.squeeze(1).square()
        return self.obs(), reward


def mlp(i, o, h=48):
    return nn.Sequential(nn.Linear(i, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, o))


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = mlp(3, 2)

    def forward(self, o, deterministic=False):
        mu, log_std = self.net(o).chunk(2, 1)
        if deterministic:
            return torch.tanh(mu), None
        std = log_std.clamp(-5, 1).exp()
        u = mu + std * torch.randn_like(mu)  # reparameterised: gradients reach mu and std
        logp = torch.distributions.Normal(mu, std).log_prob(u)
        logp = logp - 2 * (math.log(2) - u - F.softplus(-2 * u))  # log |d tanh(u) / du|, the stable form
        return torch.tanh(u), logp.sum(1)


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.q1, self.q2 = mlp(4, 1), mlp(4, 1)

    def forward(self, o, a):
        x = torch.cat([o, a], 1)
        return self.q1(x).squeeze(1), self.q2(x).squeeze(1)


class Buffer:
    def __init__(self, cap):
        self.store = SimpleNamespace(o=torch.zeros(cap, 3), a=torch.zeros(cap, 1), r=torch.zeros(cap), o2=torch.zeros(cap, 3))
        self.cap, self.n, self.i = cap, 0, 0

    def add(self, **kw):
        k = len(kw["r"])
        rows = (torch.arange(k) + self.i) % self.cap
        for name, v in kw.items():
            getattr(self.store, name)[rows] = v
        self.i, self.n = (self.i + k) % self.cap, min(self.cap, self.n + k)

    def sample(self, m):
        rows = torch.randint(self.n, (m,))
        return {k: v[rows] for k, v in vars(self.store).items()}


@torch.no_grad()
def evaluate(actor, steps=60):
    env = Pendulums(50, torch.Generator().manual_seed(42))
    total = torch.zeros(50)
    for _ in range(steps):
        a, _ = actor(env.obs(), deterministic=True)
        _, r = env.step(a)
        total += r
    return total.mean().item() / steps


def main(steps=220, gamma=0.95, tau=0.01):
    torch.manual_seed(0)
    env = Pendulums(8, torch.Generator().manual_seed(1))
    actor, critic = Actor(), Twin()
    target = copy.deepcopy(critic).requires_grad_(False)
    log_alpha = torch.full((), -2.5, requires_grad=True)
    target_entropy = -1.0
    oa, oc, ot = (torch.optim.Adam(p, lr=2e-3) for p in (actor.parameters(), critic.parameters(), [log_alpha]))
    buf = Buffer(5000)
    print("before", round(evaluate(actor), 3))
    for step in range(steps):
        o = env.obs()
        with torch.no_grad():
            a, _ = actor(o)
        o2, r = env.step(a)
        buf.add(o=o, a=a, r=r, o2=o2)
        if step % 60 == 59:
            env.reset()  # time limit only: targets always bootstrap
        if step < 20:
            continue
        b = buf.sample(96)
        alpha = log_alpha.exp().detach()
        with torch.no_grad():
            a2, lp2 = actor(b["o2"])
            y = b["r"] + gamma * (torch.min(*target(b["o2"], a2)) - alpha * lp2)
        q1, q2 = critic(b["o"], b["a"])
        loss_q = F.mse_loss(q1, y) + F.mse_loss(q2, y)
        oc.zero_grad()
        loss_q.backward()
        oc.step()

        critic.requires_grad_(False)
        a_pi, lp = actor(b["o"])
        loss_pi = (alpha * lp - torch.min(*critic(b["o"], a_pi))).mean()
        oa.zero_grad()
        loss_pi.backward()
        oa.step()
        critic.requires_grad_(True)

        loss_alpha = -(log_alpha * (lp.detach() + target_entropy)).mean()
        ot.zero_grad()
        loss_alpha.backward()
        ot.step()
        with torch.no_grad():
            for pt, p in zip(target.parameters(), critic.parameters()):
                pt.mul_(1 - tau).add_(p, alpha=tau)
        if step % 100 == 99:
            print(f"step {step + 1} q {loss_q.item():.3f} pi {loss_pi.item():+.3f} alpha {log_alpha.exp().item():.3f} eval {evaluate(actor):.3f}")


if __name__ == "__main__":
    main()

"""Soft actor-critic with automatic entropy tuning, torque-limited pendulum, after Haarnoja et al. 2018 (v2)."""
import math
from copy import deepcopy
from itertools import chain

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED, STEPS, WARMUP, BATCH = 0, 700, 300, 64
GAMMA, TAU, LR = 0.98, 0.01, 1e-3
LOG_STD_MIN, LOG_STD_MAX = -5, 2


class Pendulum:
    dt, g, m, l, max_torque, max_speed = 0.05, 10.0, 1.0, 1.0, 2.0, 8.0

    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        self.th, self.dth, self.t = self.rng.uniform(-math.pi, math.pi), self.rng.uniform(-1, 1), 0
        return self.obs()

    def obs(self):
        return np.array([math.cos(self.th), math.sin(self.th), self.dth / self.max_speed], dtype=np.float32)

    def step(self, u):
        u = float(np.clip(u, -self.max_torque, self.max_torque))
        th = (self.th + math.pi) % (2 * math.pi) - math.pi
        cost = th ** 2 + 0.1 * self.dth ** 2 + 0.001 * u ** 2
        acc = 3 * self.g / (2 * self.l) * math.sin(self.th) + 3.0 / (self.m * self.l ** 2) * u
        self.dth = float(np.clip(self.dth + acc * self.dt, -self.max_speed, self.max_speed))
        self.th += self.dth * self.dt
        self.t += 1
        # never terminates; the episode is cut after 100 steps
        return self.obs(), -cost / 10, False, self.t >= 100


def mlp(*sizes):
    layers = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        layers.append(nn.Linear(a, b))
        if i < len(sizes) - 2:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


class SoftQ(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = mlp(4, 64, 64, 1)

    def forward(self, s, a):
        return self.net(torch.cat([s, a], 1)).squeeze(-1)


class Actor(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.net = mlp(3, 64, 64, 2)
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, s):
        mean, log_std = self.net(s).chunk(2, dim=-1)
        log_std = torch.tanh(log_std)
        return mean, LOG_STD_MIN + 0.5 * (LOG_STD_MAX - LOG_STD_MIN) * (log_std + 1)

    def get_action(self, s):
        mean, log_std = self(s)
        normal = torch.distributions.Normal(mean, log_std.exp())
        x = normal.rsample()
        y = torch.tanh(x)
        # log det of a = scale * tanh(x), in the stable form
        correction = torch.log(self.scale) + 2 * (math.log(2) - x - F.softplus(-2 * x))
        return y * self.scale, (normal.log_prob(x) - correction).sum(-1), torch.tanh(mean) * self.scale


def main():
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    env = Pendulum(rng)
    actor = Actor(Pendulum.max_torque)
    q1, q2 = SoftQ(), SoftQ()
    q1_t, q2_t = deepcopy(q1).requires_grad_(False), deepcopy(q2).requires_grad_(False)
    q_opt = torch.optim.Adam(chain(q1.parameters(), q2.parameters()), lr=LR)
    a_opt = torch.optim.Adam(list(actor.parameters()), lr=LR)
    target_entropy = -1.0
    log_alpha = torch.zeros(1, requires_grad=True)
    al_opt = torch.optim.Adam([log_alpha], lr=LR)
    alpha = log_alpha.exp().item()

    buf, s = [], env.reset()
    for step in range(STEPS):
        if step < WARMUP:
            a = rng.uniform(-Pendulum.max_torque, Pendulum.max_torque, size=1).astype(np.float32)
        else:
            with torch.no_grad():
                a = actor.get_action(torch.from_numpy(s)[None])[0][0].numpy()
        s2, r, terminated, truncated = env.step(a[0])
        buf.append((s, a, np.float32(r), s2, np.float32(terminated)))
        s = env.reset() if terminated or truncated else s2
        if step < WARMUP:
            continue

        picks = [buf[i] for i in rng.integers(0, len(buf), BATCH)]
        S, A, R, S2, D = (torch.from_numpy(np.stack(c)) for c in zip(*picks))
        with torch.no_grad():
            A2, logp2, _ = actor.get_action(S2)
            target = R + GAMMA * (1 - D) * (torch.min(q1_t(S2, A2), q2_t(S2, A2)) - alpha * logp2)
        q_loss = F.mse_loss(q1(S, A), target) + F.mse_loss(q2(S, A), target)
        q_opt.zero_grad()
        q_loss.backward()
        q_opt.step()

        if step % 2 == 0:
            for _ in range(2):  # delayed policy updates, made up for by doing two
                pi, logp, _ = actor.get_action(S)
                a_loss = (alpha * logp - torch.min(q1(S, pi), q2(S, pi))).mean()
                a_opt.zero_grad()
                a_loss.backward()
                a_opt.step()
                with torch.no_grad():
                    _, logp, _ = actor.get_action(S)
                al_loss = (-log_alpha.exp() * (logp + target_entropy)).mean()
                al_opt.zero_grad()
                al_loss.backward()
                al_opt.step()
                alpha = log_alpha.exp().item()

        with torch.no_grad():
            for src, dst in ((q1, q1_t), (q2, q2_t)):
                for p, pt in zip(src.parameters(), dst.parameters()):
                    pt.lerp_(p, TAU)
        if (step + 1) % 100 == 0:
            print(f"{step + 1:5d} q_loss {q_loss.item():.3f} actor {a_loss.item():.3f} alpha {alpha:.3f}")

    test_env, scores = Pendulum(np.random.default_rng(1000)), []
    for _ in range(5):
        s, total, done = test_env.reset(), 0.0, False
        while not done:
            with torch.no_grad():
                a = actor.get_action(torch.from_numpy(s)[None])[2]
            s, r, term, trunc = test_env.step(a.item())
            total, done = total + r, term or trunc
        scores.append(total)
    print("mean evaluation return %.2f over %d episodes" % (np.mean(scores), len(scores)))


main()

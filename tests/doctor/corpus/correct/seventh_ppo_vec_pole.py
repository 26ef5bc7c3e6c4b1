# PPO (clipped) with GAE on a hand-written pole balancing task, vectorised environments
import math

import torch
import torch.nn as nn
from torch.distributions import Categorical


class VecPole:
    """n independent poles; auto-reset. Observation: angle, angular speed."""

    def __init__(self, n, limit=100, gen=None):
        self.n, self.limit, self.gen = n, limit, gen
        self.s = self._start(n)
        self.t = torch.zeros(n, dtype=torch.long)

    def _start(self, n):
        return (torch.rand(n, 2, generator=self.gen) - 0.5) * 0.2

    def step(self, a):
        angle, speed = self.s.unbind(1)
        speed = speed + 0.1 * (6.0 * angle.sin() + (2.0 * a.float() - 1.0) * 2.0)
        self.s = torch.stack([angle + 0.1 * speed, speed], 1)
        self.t = self.t + 1
        fell = self.s[:, 0].abs() > 0.6
        timeout = (self.t >= self.limit) & ~fell
        final = self.s
        done = fell | timeout
        self.s = torch.where(done[:, None], self._start(self.n), self.s)
        self.t = torch.where(done, 0, self.t)
        return final, torch.ones(self.n), fell, done


def layer(i, o, gain):
    m = nn.Linear(i, o)
    nn.init.orthogonal_(m.weight, gain)
    nn.init.zeros_(m.bias)
    return m


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Sequential(layer(2, 32, math.sqrt(2)), nn.Tanh(), layer(32, 2, 0.01))
        self.critic = nn.Sequential(layer(2, 32, math.sqrt(2)), nn.Tanh(), layer(32, 1, 1.0))

    def dist(self, x):
        return Categorical(logits=self.actor(x))

    def value(self, x):
        return self.critic(x).squeeze(-1)


def main(updates=20, T=64, n=16, gamma=0.98, lam=0.95, clip=0.2, epochs=4):
    torch.manual_seed(0)
    env, agent = VecPole(n), Agent()
    opt = torch.optim.Adam(agent.parameters(), lr=3e-3, eps=1e-5)
    for update in range(1, updates + 1):
        for g in opt.param_groups:
            g["lr"] = 3e-3 * (1 - (update - 1) / updates)
        keys = ("obs", "act", "logp", "rew", "val", "nxt", "done")
        buf = {k: [] for k in keys}
        for _ in range(T):
            obs = env.s
            with torch.no_grad():
                d = agent.dist(obs)
                act = d.sample()
                final, rew, fell, done = env.step(act)
                # value of the state really reached; zero only where the pole fell, not at the time limit
                nxt = agent.value(final) * (~fell)
                row = (obs, act, d.log_prob(act), rew, agent.value(obs), nxt, done.float())
            for k, v in zip(keys, row):
                buf[k].append(v)
        b = {k: torch.stack(v) for k, v in buf.items()}
        adv, last = torch.zeros_like(b["rew"]), torch.zeros(n)
        for t in reversed(range(T)):
            delta = b["rew"][t] + gamma * b["nxt"][t] - b["val"][t]
            last = delta + gamma * lam * (1 - b["done"][t]) * last
            adv[t] = last
        flat = {k: v.flatten(0, 1) for k, v in b.items()}
        ret, adv = (adv + b["val"]).flatten(), adv.flatten()
        for _ in range(epochs):
            for i in torch.randperm(T * n).split(256):
                d = agent.dist(flat["obs"][i])
                ratio = (d.log_prob(flat["act"][i]) - flat["logp"][i]).exp()
                a = (adv[i] - adv[i].mean()) / (adv[i].std() + 1e-8)
                pg = -torch.min(ratio * a, ratio.clamp(1 - clip, 1 + clip) * a).mean()
                v = 0.5 * (agent.value(flat["obs"][i]) - ret[i]).square().mean()
                loss = pg + 0.5 * v - 0.005 * d.entropy().mean()
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
                opt.step()
        if update % 5 == 0:
            ends = b["done"].sum().item()
            print(f"update {update} mean episode length about {T * n / max(ends, 1):.1f}")

    test, alive, steps = VecPole(64, gen=torch.Generator().manual_seed(5)), torch.ones(64, dtype=torch.bool), torch.zeros(64)
    with torch.no_grad():
        for _ in range(100):
            _, _, fell, _ = test.step(agent.dist(test.s).probs.argmax(-1))
            steps += alive
            alive &= ~fell
    print(f"greedy policy: mean steps {steps.mean():.1f} of 100, survived {alive.float().mean():.2f}")


main()

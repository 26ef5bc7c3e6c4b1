from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Hyper:
    n_steps: int = 64
    n_iters: int = 6
    epochs: int = 3
    minibatch: int = 16
    gamma: float = 0.99
    lam: float = 0.95
    clip: float = 0.2
    lr: float = 3e-3
    ent: float = 0.01
    vf: float = 0.5


class PointMass:
    def reset(self):
        self.x = torch.randn(1) * 0.5
        self.v = torch.zeros(1)
        self.t = 0
        return self.observe()

    def observe(self):
        # the horizon is part of the task, so the clock is part of the state
        return torch.cat([self.x, self.v, torch.tensor([self.t / 20])])

    def step(self, force):
        self.v = 0.9 * self.v + 0.1 * force.clamp(-1, 1)
        self.x = self.x + self.v
        self.t += 1
        return self.observe(), -float(self.x.abs()), self.t >= 20


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.mu = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1))
        self.log_std = nn.Parameter(torch.full((1,), -0.5))
        self.value = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1))

    def dist(self, obs):
        return torch.distributions.Normal(self.mu(obs), self.log_std.exp())


@torch.no_grad()
def collect(env, agent, obs, h):
    store = {k: [] for k in ("obs", "act", "logp", "val", "rew", "done")}
    for _ in range(h.n_steps):
        d = agent.dist(obs)
        act = d.sample()
        store["obs"].append(obs)
        store["act"].append(act)
        store["logp"].append(d.log_prob(act).sum())
        store["val"].append(agent.value(obs).squeeze(0))
        obs, r, done = env.step(act)
        store["rew"].append(torch.tensor(r))
        store["done"].append(torch.tensor(float(done)))
        if done:
            obs = env.reset()
    data = {k: torch.stack(v) for k, v in store.items()}
    last = agent.value(obs).squeeze(0)
    adv = torch.zeros_like(data["rew"])
    gae = torch.zeros(())
    for t in reversed(range(h.n_steps)):
        nxt = last if t == h.n_steps - 1 else data["val"][t + 1]
        alive = 1.0 - data["done"][t]
        delta = data["rew"][t] + h.gamma * nxt * alive - data["val"][t]
        gae = delta + h.gamma * h.lam * alive * gae
        adv[t] = gae
    data["adv"], data["ret"] = adv, adv + data["val"]
    return data, obs


def update(agent, opt, data, h):
    for _ in range(h.epochs):
        for mb in torch.randperm(h.n_steps).split(h.minibatch):
            d = agent.dist(data["obs"][mb])
            logp = d.log_prob(data["act"][mb]).sum(-1)
            ratio = (logp - data["logp"][mb]).exp()
            adv = data["adv"][mb]
            adv = (adv - adv.mean()) / (adv.std() + 1e-8)
            surrogate = torch.min(ratio * adv, ratio.clamp(1 - h.clip, 1 + h.clip) * adv).mean()
            v_loss = (agent.value(data["obs"][mb]).squeeze(-1) - data["ret"][mb]).pow(2).mean()
            loss = -surrogate + h.vf * v_loss - h.ent * d.entropy().sum(-1).mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            opt.step()


def main():
    torch.manual_seed(1)
    h, env, agent = Hyper(), PointMass(), Agent()
    opt = torch.optim.Adam(agent.parameters(), lr=h.lr, eps=1e-5)
    obs = env.reset()
    for it in range(h.n_iters):
        for g in opt.param_groups:
            g["lr"] = h.lr * (1 - it / h.n_iters)
        data, obs = collect(env, agent, obs, h)
        update(agent, opt, data, h)
        print(it, data["rew"].mean().item())


main()

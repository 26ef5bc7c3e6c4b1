"""PPO (clipped) with GAE on a vectorised 1-D point-mass; Gaussian policy, time-outs bootstrap."""
import math

import torch
from torch import nn
from torch.distributions import Normal

N_ENV, HORIZON, GAMMA, LAM, CLIP, LIMIT = 16, 32, 0.97, 0.95, 0.2, 32


class PointMass:
    """Push a mass to the origin. Leaving |x| > 3 ends the episode with a penalty."""

    def __init__(self, n, seed):
        self.gen, self.n = torch.Generator().manual_seed(seed), n
        self.x, self.v, self.t = torch.zeros(n), torch.zeros(n), torch.zeros(n)
        self.reset(torch.ones(n, dtype=torch.bool))

    def reset(self, mask):
        new = 4 * torch.rand(self.n, generator=self.gen) - 2
        self.x = torch.where(mask, new, self.x)
        self.v, self.t = self.v.masked_fill(mask, 0.0), self.t.masked_fill(mask, 0.0)

    def obs(self):
        return torch.stack([self.x, self.v], 1)

    def step(self, a):
        self.v = 0.9 * self.v + 0.2 * a.clamp(-1, 1)
        self.x, self.t = self.x + 0.3 * self.v, self.t + 1
        term = self.x.abs() > 3
        trunc = (self.t >= LIMIT) & ~term
        reward = 1 - self.x.abs() - 5 * term.float()
        last = self.obs()
        self.reset(term | trunc)
        return last, reward, term, trunc


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        self.v = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        self.log_std = nn.Parameter(torch.full((1,), -0.5))

    def dist(self, o):
        return Normal(self.pi(o).squeeze(-1), self.log_std.exp())

    def value(self, o):
        return self.v(o).squeeze(-1)


@torch.no_grad()
def rollout(net, env):
    keys = ("obs", "act", "logp", "rew", "val", "nval", "term", "end")
    buf = {k: [] for k in keys}
    for _ in range(HORIZON):
        o = env.obs()
        d = net.dist(o)
        a = d.sample()
        nxt, r, term, trunc = env.step(a)
        row = (o, a, d.log_prob(a), r, net.value(o), net.value(nxt), term.float(), (term | trunc).float())
        for k, v in zip(keys, row):
            buf[k].append(v)
    b = {k: torch.stack(v) for k, v in buf.items()}
    adv, run = torch.zeros_like(b["rew"]), torch.zeros(env.n)
    for t in reversed(range(HORIZON)):
        delta = b["rew"][t] + GAMMA * (1 - b["term"][t]) * b["nval"][t] - b["val"][t]
        run = delta + GAMMA * LAM * (1 - b["end"][t]) * run
        adv[t] = run
    b["adv"], b["ret"] = adv, adv + b["val"]
    return b["rew"].mean().item(), {k: b[k].flatten(0, 1) for k in ("obs", "act", "logp", "adv", "ret")}


def update(net, opt, b, epochs=4, minibatch=128):
    for _ in range(epochs):
        for i in torch.randperm(len(b["act"])).split(minibatch):
            d, adv = net.dist(b["obs"][i]), b["adv"][i]
            adv = (adv - adv.mean()) / (adv.std() + 1e-8)
            ratio = (d.log_prob(b["act"][i]) - b["logp"][i]).exp()
            policy = -torch.min(ratio * adv, ratio.clamp(1 - CLIP, 1 + CLIP) * adv).mean()
            value = 0.5 * (net.value(b["obs"][i]) - b["ret"][i]).pow(2).mean()
            loss = policy + 0.5 * value - 1e-3 * d.entropy().mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 0.5)
            opt.step()


@torch.no_grad()
def evaluate(net, seed=999):
    env, total = PointMass(64, seed), 0.0
    for _ in range(LIMIT):
        total += env.step(net.pi(env.obs()).squeeze(-1))[1].mean().item()
    return total / LIMIT


torch.manual_seed(20)
net, env = ActorCritic(), PointMass(N_ENV, seed=20)
opt = torch.optim.Adam(net.parameters(), lr=3e-3, eps=1e-5)
print(f"initial mean reward {evaluate(net):.3f}")
for it in range(1, 26):
    reward, batch = rollout(net, env)
    update(net, opt, batch)
    if it % 5 == 0:
        print(f"iter {it}: rollout reward {reward:.3f} std {math.exp(net.log_std.item()):.2f}")
print(f"final mean reward {evaluate(net):.3f}")

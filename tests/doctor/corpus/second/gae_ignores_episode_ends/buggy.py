import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical


class Signals:
    """N parallel copies. A cue (0 or 1) is visible; the last of four actions must equal it."""

    def __init__(self, n, g):
        self.n, self.g = n, g
        self.cue = torch.randint(0, 2, (n,), generator=g)
        self.t = torch.zeros(n, dtype=torch.long)

    def obs(self):
        return torch.cat([F.one_hot(self.t, 4).float(), (2.0 * self.cue - 1).unsqueeze(1)], 1)

    def step(self, a):
        last = self.t == 3
        reward = torch.where(last, (a == self.cue).float(), torch.zeros(self.n))
        self.cue = torch.where(last, torch.randint(0, 2, (self.n,), generator=self.g), self.cue)
        self.t = torch.where(last, torch.zeros_like(self.t), self.t + 1)
        return self.obs(), reward, last.float()


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(5, 32), nn.Tanh())
        self.pi = nn.Linear(32, 2)
        self.v = nn.Linear(32, 1)

    def forward(self, x):
        h = self.trunk(x)
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(-1)


def collect(env, net, horizon):
    obs = env.obs()
    rows = {k: [] for k in ("obs", "act", "rew", "done", "val")}
    with torch.no_grad():
        for _ in range(horizon):
            dist, v = net(obs)
            a = dist.sample()
            nxt, r, d = env.step(a)
            for k, x in zip(rows, (obs, a, r, d, v)):
                rows[k].append(x)
            obs = nxt
        last_value = net(obs)[1]
    return {k: torch.stack(v) for k, v in rows.items()}, last_value


def advantages(b, last_value, gamma=0.99, lam=0.95):
    adv = torch.zeros_like(b["rew"])
    nxt_value, acc = last_value, torch.zeros_like(last_value)
    for t in reversed(range(len(adv))):
        alive = 1 - b["done"][t]
        delta = b["rew"][t] + gamma * alive * nxt_value - b["val"][t]
        acc = delta + gamma * lam * acc
        adv[t] = acc
        nxt_value = b["val"][t]
    return adv, adv + b["val"]


def update(net, opt, b, adv, ret):
    dist, v = net(b["obs"])
    norm = (adv - adv.mean()) / (adv.std() + 1e-8)
    loss = -(dist.log_prob(b["act"]) * norm).mean() + 0.5 * F.mse_loss(v, ret) - 0.01 * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    opt.step()


torch.manual_seed(0)
g = torch.Generator().manual_seed(0)
env, net = Signals(16, g), ActorCritic()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for it in range(25):
    batch, last_value = collect(env, net, 16)
    adv, ret = advantages(batch, last_value)
    update(net, opt, batch, adv, ret)
print("success", round((batch["rew"].sum() / batch["done"].sum()).item(), 3), "mean value", round(batch["val"].mean().item(), 3))

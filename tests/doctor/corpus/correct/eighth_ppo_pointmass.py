# PPO (clip), one file, vectorised point mass with continuous force. cleanrl-like.
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Normal


@dataclass
class Args:
    seed: int = 1
    num_envs: int = 16
    num_steps: int = 40
    iterations: int = 14
    epochs: int = 4
    minibatches: int = 4
    lr: float = 3e-3
    gamma: float = 0.95
    lam: float = 0.95
    clip: float = 0.2
    ent: float = 0.001
    vf: float = 0.5
    max_grad: float = 0.5
    target_kl: float = 0.05


class PointMass:
    """Bring a mass on a line to rest at 0. Resets itself after 40 steps; that's a part of the task (time is observed)."""
    LIMIT = 40

    def __init__(self, n, seed):
        self.rng, self.n = np.random.default_rng(seed), n
        self.x, self.v, self.t = (np.zeros(n) for _ in range(3))
        self._reset(np.ones(n, bool))

    def _reset(self, m):
        k = int(m.sum())
        self.x[m], self.v[m], self.t[m] = self.rng.uniform(-1, 1, k), self.rng.uniform(-.3, .3, k), 0

    def obs(self):
        return torch.tensor(np.stack([self.x, self.v, self.t / self.LIMIT], 1), dtype=torch.float32)

    def step(self, a):
        a = np.clip(a, -1, 1)
        self.v = 0.95 * self.v + 0.2 * a
        self.x = np.clip(self.x + 0.2 * self.v, -2, 2)
        self.t += 1
        r = -(self.x ** 2 + 0.1 * self.v ** 2 + 0.01 * a ** 2)
        done = self.t >= self.LIMIT
        self._reset(done)
        return self.obs(), torch.tensor(r, dtype=torch.float32), torch.tensor(done, dtype=torch.float32)


def layer_init(layer, std=2 ** 0.5, bias=0.0):
    nn.init.orthogonal_(layer.weight, std)
    nn.init.constant_(layer.bias, bias)
    return layer


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        mlp = lambda out, std: nn.Sequential(layer_init(nn.Linear(3, 32)), nn.Tanh(), layer_init(nn.Linear(32, 32)), nn.Tanh(),
                                             layer_init(nn.Linear(32, out), std))
        self.critic, self.actor_mean = mlp(1, 1.0), mlp(1, 0.01)
        self.actor_logstd = nn.Parameter(torch.full((1, 1), -0.5))

    def value(self, x):
        return self.critic(x).squeeze(-1)

    def dist(self, x):
        mean = self.actor_mean(x)
        return Normal(mean, self.actor_logstd.exp().expand_as(mean))


args = Args()
np.random.seed(args.seed)
torch.manual_seed(args.seed)
env, agent = PointMass(args.num_envs, args.seed), Agent()
optimizer = optim.Adam(agent.parameters(), lr=args.lr, eps=1e-5)
T, N = args.num_steps, args.num_envs
next_obs, next_done = env.obs(), torch.zeros(N)
start = time.time()

for it in range(1, args.iterations + 1):
    optimizer.param_groups[0]["lr"] = args.lr * (1.0 - (it - 1) / args.iterations)
    obs, acts = torch.zeros(T, N, 3), torch.zeros(T, N, 1)
    logp, rew, dones, vals = (torch.zeros(T, N) for _ in range(4))
    for t in range(T):
        obs[t], dones[t] = next_obs, next_done
        with torch.no_grad():
            d = agent.dist(next_obs)
            a = d.sample()
            acts[t], logp[t], vals[t] = a, d.log_prob(a).sum(-1), agent.value(next_obs)
        next_obs, rew[t], next_done = env.step(a.squeeze(-1).numpy())

    with torch.no_grad():                                     # GAE
        adv, last = torch.zeros(T, N), torch.zeros(N)
        next_v = agent.value(next_obs)
        for t in reversed(range(T)):
            alive = 1.0 - (next_done if t == T - 1 else dones[t + 1])
            v1 = next_v if t == T - 1 else vals[t + 1]
            delta = rew[t] + args.gamma * v1 * alive - vals[t]
            adv[t] = last = delta + args.gamma * args.lam * alive * last
        ret = adv + vals

    b = [x.flatten(0, 1) for x in (obs, acts, logp, adv, ret)]
    size = T * N // args.minibatches
    for _ in range(args.epochs):
        kls = []
        for idx in torch.randperm(T * N).split(size):
            o, a, old, ad, rt = (x[idx] for x in b)
            d = agent.dist(o)
            log_ratio = d.log_prob(a).sum(-1) - old
            ratio = log_ratio.exp()
            kls.append(((ratio - 1) - log_ratio).mean().item())
            ad = (ad - ad.mean()) / (ad.std() + 1e-8)
            pg = torch.max(-ad * ratio, -ad * ratio.clamp(1 - args.clip, 1 + args.clip)).mean()
            v_loss = 0.5 * (agent.value(o) - rt).square().mean()
            loss = pg - args.ent * d.entropy().sum(-1).mean() + args.vf * v_loss
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad)
            optimizer.step()
        if np.mean(kls) > args.target_kl:
            break
    if it % 2 == 0:
        ev = 1 - (ret - vals).var() / ret.var()
        print(f"iter {it:2d} return per episode {rew.sum(0).mean():.3f} kl {np.mean(kls):.4f} explained variance {ev:.2f} "
              f"sps {int(it * T * N / (time.time() - start))}")

from dataclasses import dataclass

import torch
from torch import nn
from torch.distributions import Categorical


@dataclass
class Args:
    n_envs: int = 32
    horizon: int = 12
    gamma: float = 0.97
    clip: float = 0.2
    epochs: int = 4
    minibatch: int = 96
    lr: float = 3e-3
    iterations: int = 20
    seed: int = 4


class LineWorld:
    """n points on a line, push left / stay / push right, reward = -|position|. Fixed horizon, time is observed."""

    def __init__(self, n, horizon):
        self.n, self.horizon = n, horizon

    def reset(self):
        self.x, self.t = torch.rand(self.n) * 4 - 2, 0
        return self.obs()

    def obs(self):
        return torch.stack([self.x, torch.full((self.n,), self.t / self.horizon)], dim=1)

    def step(self, a):
        self.x = self.x + (a.float() - 1) * 0.5
        self.t += 1
        return self.obs(), -self.x.abs()


def mlp(out):
    return nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, out))


args = Args()
torch.manual_seed(args.seed)
env = LineWorld(args.n_envs, args.horizon)
actor, critic = mlp(3), mlp(1)
opt = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=args.lr)

for it in range(args.iterations):
    obs_l, act_l, logp_l, rew_l = [], [], [], []
    o = env.reset()
    with torch.no_grad():
        for _ in range(args.horizon):
            dist = Categorical(logits=actor(o))
            a = dist.sample()
            o2, r = env.step(a)
            obs_l.append(o); act_l.append(a); logp_l.append(dist.log_prob(a)); rew_l.append(r)
            o = o2
        ret_l, running = [], torch.zeros(args.n_envs)
        for r in reversed(rew_l):
            running = r + args.gamma * running
            ret_l.insert(0, running)
    obs, act, old_logp, ret = torch.cat(obs_l), torch.cat(act_l), torch.cat(logp_l), torch.cat(ret_l)
    for _ in range(args.epochs):
        for idx in torch.randperm(len(obs)).split(args.minibatch):
            value = critic(obs[idx])
            adv = ret[idx] - value.detach()
            adv = (adv - adv.mean()) / (adv.std() + 1e-8)
            dist = Categorical(logits=actor(obs[idx]))
            ratio = (dist.log_prob(act[idx]) - old_logp[idx]).exp()
            pg_loss = -torch.min(ratio * adv, ratio.clamp(1 - args.clip, 1 + args.clip) * adv).mean()
            v_loss = (value.squeeze(-1) - ret[idx]).pow(2).mean()
            loss = pg_loss + 0.5 * v_loss - 0.01 * dist.entropy().mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
    if it % 4 == 3:
        print(f"iter {it + 1:3d}  mean episode reward {torch.stack(rew_l).sum(0).mean().item():.2f}")

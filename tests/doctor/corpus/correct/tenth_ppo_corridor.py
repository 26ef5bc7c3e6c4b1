"""PPO with GAE on a slippery corridor, many environments stepped at once."""
from dataclasses import dataclass

import torch
from torch import nn
from torch.distributions import Categorical


@dataclass
class Config:
    envs: int = 32
    horizon: int = 32
    updates: int = 12
    epochs: int = 4
    minibatch: int = 256
    gamma: float = 0.97
    lam: float = 0.95
    clip: float = 0.2
    vf_coef: float = 0.5
    ent_coef: float = 0.01
    lr: float = 3e-3


class Corridor:
    """Cells 0..8: the right end pays 1, the left end 0, every step costs 0.02."""

    size = 9

    def __init__(self, n):
        self.pos = torch.full((n,), self.size // 2)

    def observe(self):
        return nn.functional.one_hot(self.pos, self.size).float()

    def step(self, action):
        slipped = torch.rand(len(action)) < 0.1
        direction = torch.where(slipped, 1 - action, action) * 2 - 1
        self.pos = self.pos + direction
        done = (self.pos == 0) | (self.pos == self.size - 1)
        reward = (self.pos == self.size - 1).float() - 0.02
        self.pos = torch.where(done, torch.full_like(self.pos, self.size // 2), self.pos)
        return self.observe(), reward, done.float()


class ActorCritic(nn.Module):
    def __init__(self, n_obs, n_act):
        super().__init__()
        self.pi = nn.Sequential(nn.Linear(n_obs, 32), nn.Tanh(), nn.Linear(32, n_act))
        self.v = nn.Sequential(nn.Linear(n_obs, 32), nn.Tanh(), nn.Linear(32, 1))
        nn.init.orthogonal_(self.pi[-1].weight, 0.01)

    def forward(self, obs):
        return Categorical(logits=self.pi(obs)), self.v(obs).squeeze(-1)


@torch.no_grad()
def collect(env, model, cfg):
    obs, rows = env.observe(), []
    for _ in range(cfg.horizon):
        dist, value = model(obs)
        action = dist.sample()
        nxt, reward, done = env.step(action)
        rows.append((obs, action, dist.log_prob(action), value, reward, done))
        obs = nxt
    o, a, logp, v, r, d = (torch.stack(col) for col in zip(*rows))
    next_value, gae, adv = model(obs)[1], torch.zeros(cfg.envs), torch.zeros_like(r)
    for t in reversed(range(cfg.horizon)):
        alive = 1.0 - d[t]
        delta = r[t] + cfg.gamma * alive * next_value - v[t]
        gae = delta + cfg.gamma * cfg.lam * alive * gae
        adv[t], next_value = gae, v[t]
    stats = (r.sum() / d.sum().clamp(min=1)).item()
    return [x.flatten(0, 1) for x in (o, a, logp, adv, adv + v)], stats


def update(model, opt, batch, cfg):
    obs, action, old_logp, adv, ret = batch
    for _ in range(cfg.epochs):
        for idx in torch.randperm(len(obs)).split(cfg.minibatch):
            dist, value = model(obs[idx])
            ratio = (dist.log_prob(action[idx]) - old_logp[idx]).exp()
            a = (adv[idx] - adv[idx].mean()) / (adv[idx].std() + 1e-8)
            policy_loss = -torch.min(ratio * a, ratio.clamp(1 - cfg.clip, 1 + cfg.clip) * a).mean()
            value_loss = (value - ret[idx]).pow(2).mean()
            loss = policy_loss + cfg.vf_coef * value_loss - cfg.ent_coef * dist.entropy().mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            opt.step()


if __name__ == "__main__":
    torch.manual_seed(6)
    cfg = Config()
    env, model = Corridor(cfg.envs), ActorCritic(Corridor.size, 2)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr, eps=1e-5)
    for i in range(cfg.updates):
        batch, reward_per_episode = collect(env, model, cfg)
        update(model, opt, batch, cfg)
        if i % 3 == 2:
            print(f"update {i + 1:2d} reward per finished episode {reward_per_episode:.3f}")

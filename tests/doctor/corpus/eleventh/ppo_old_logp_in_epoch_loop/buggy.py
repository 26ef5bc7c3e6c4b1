from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.distributions import Normal


@dataclass
class PPOConfig:
    clip_eps: float = 0.2
    epochs: int = 8
    minibatch: int = 64
    lr: float = 3e-3
    iterations: int = 25
    n_envs: int = 256


class GaussianPolicy(nn.Module):
    def __init__(self):
        super().__init__()
        self.mu = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        self.log_std = nn.Parameter(torch.zeros(1))

    def dist(self, obs):
        return Normal(self.mu(obs), self.log_std.exp())

    def log_prob(self, obs, act):
        return self.dist(obs).log_prob(act).sum(-1)


class PPO:
    def __init__(self, cfg):
        self.cfg = cfg
        self.policy = GaussianPolicy()
        self.value = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        params = list(self.policy.parameters()) + list(self.value.parameters())
        self.opt = torch.optim.Adam(params, lr=cfg.lr)

    @torch.no_grad()
    def collect(self):
        # one-step control problem: steer the target a = x0 - x1
        obs = torch.rand(self.cfg.n_envs, 2) * 2 - 1
        act = self.policy.dist(obs).sample()
        reward = -(act.squeeze(-1) - (obs[:, 0] - obs[:, 1])).pow(2)
        return obs, act, reward

    def update(self, obs, act, reward):
        with torch.no_grad():
            adv = reward - self.value(obs).squeeze(-1)
            adv = (adv - adv.mean()) / (adv.std() + 1e-8)
        for _ in range(self.cfg.epochs):
            for mb in torch.randperm(len(obs)).split(self.cfg.minibatch):
                logp = self.policy.log_prob(obs[mb], act[mb])
                old_logp = logp.detach()
                ratio = torch.exp(logp - old_logp)
                clipped = torch.clamp(ratio, 1 - self.cfg.clip_eps, 1 + self.cfg.clip_eps)
                pi_loss = -torch.min(ratio * adv[mb], clipped * adv[mb]).mean()
                v_loss = nn.functional.mse_loss(self.value(obs[mb]).squeeze(-1), reward[mb])
                self.opt.zero_grad()
                (pi_loss + 0.5 * v_loss).backward()
                self.opt.step()


if __name__ == "__main__":
    torch.manual_seed(13)
    algo = PPO(PPOConfig())
    for it in range(algo.cfg.iterations):
        batch = algo.collect()
        algo.update(*batch)
        if it % 5 == 4:
            print(f"iter {it + 1:3d}  mean reward {batch[2].mean().item():.4f}")

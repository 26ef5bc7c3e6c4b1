from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal


@dataclass
class PPOConfig:
    iters: int = 25
    batch: int = 256
    minibatch: int = 64
    epochs: int = 8
    clip: float = 0.2
    lr: float = 1e-2
    vf: float = 0.5
    seed: int = 9


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.mu = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        self.log_std = nn.Parameter(torch.zeros(1))
        self.value = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))

    def dist(self, s):
        return Normal(self.mu(s).squeeze(-1), self.log_std.exp())


def throw(s, a):
    """One-step task: hit the target whose place depends on wind and distance."""
    goal = s[:, 0] - 0.5 * s[:, 1]
    return -(a - goal).abs()


class PPO:
    def __init__(self, cfg):
        self.cfg = cfg
        self.net = Policy()
        self.opt = torch.optim.Adam(self.net.parameters(), lr=cfg.lr)

    @torch.no_grad()
    def rollout(self):
        s = torch.rand(self.cfg.batch, 2) * 2 - 1
        d = self.net.dist(s)
        a = d.sample()
        r = throw(s, a)
        adv = r - self.net.value(s).squeeze(-1)
        return s, a, r, adv, d.log_prob(a)

    def policy_loss(self, s, a, adv, old):
        logp = self.net.dist(s).log_prob(a)
        ratio = (logp - old).exp()
        clipped = ratio.clamp(1 - self.cfg.clip, 1 + self.cfg.clip)
        return -torch.min(ratio * adv, clipped * adv).mean()

    def improve(self, data):
        s, a, r, adv, old = data
        adv = (adv - adv.mean()) / (adv.std() + 1e-8)
        for _ in range(self.cfg.epochs):
            for i in torch.randperm(len(s)).split(self.cfg.minibatch):
                v_loss = F.mse_loss(self.net.value(s[i]).squeeze(-1), r[i])
                loss = self.policy_loss(s[i], a[i], adv[i], old[i]) + self.cfg.vf * v_loss
                self.opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.net.parameters(), 0.5)
                self.opt.step()
        with torch.no_grad():
            return (old - self.net.dist(s).log_prob(a)).mean().item()


def main():
    cfg = PPOConfig()
    torch.manual_seed(cfg.seed)
    ppo = PPO(cfg)
    worst_kl = 0.0
    for _ in range(cfg.iters):
        data = ppo.rollout()
        worst_kl = max(worst_kl, ppo.improve(data))
    print(f"mean reward {data[2].mean().item():.3f}, largest KL of an update {worst_kl:.3f}")


main()

# REINFORCE mit Baseline, Spielwiese fuer Kapitel 2 der Arbeit
import argparse

import torch
import torch.nn as nn
from torch.distributions import Categorical


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--gamma", type=float, default=0.9)
    p.add_argument("--lr", type=float, default=1e-2)
    p.add_argument("--updates", type=int, default=40)
    p.add_argument("--episodes", type=int, default=8)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args([])


class Gang:
    """Gang mit 9 Feldern, Start in der Mitte, Ziel rechts, Grube links."""

    size = 9

    def reset(self):
        self.pos, self.t = 4, 0
        return self.obs()

    def obs(self):
        o = torch.zeros(self.size)
        o[self.pos] = 1.0
        return o

    def step(self, a):
        self.pos += 1 if a == 1 else -1
        self.t += 1
        if self.pos == self.size - 1:
            return self.obs(), 1.0, True
        if self.pos == 0:
            return self.obs(), -1.0, True
        return self.obs(), -0.05, self.t >= 25


def discounted(rewards, gamma):
    out, acc = [], 0.0
    for r in reversed(rewards):
        acc = r + gamma * acc
        out.append(acc)
    return torch.tensor(out[::-1])


def rollout(env, policy, gamma):
    obs, done = env.reset(), False
    logps, rewards = [], []
    while not done:
        dist = Categorical(logits=policy(obs))
        a = dist.sample()
        logps.append(dist.log_prob(a))
        obs, r, done = env.step(a.item())
        rewards.append(r)
    return torch.stack(logps), discounted(rewards, gamma), sum(rewards)


def main():
    cfg = parse()
    torch.manual_seed(cfg.seed)
    env = Gang()
    policy = nn.Sequential(nn.Linear(env.size, 32), nn.Tanh(), nn.Linear(32, 2))
    opt = torch.optim.Adam(policy.parameters(), lr=cfg.lr)
    for u in range(cfg.updates):
        batch = [rollout(env, policy, cfg.gamma) for _ in range(cfg.episodes)]
        logp = torch.cat([b[0] for b in batch])
        ret = torch.cat([b[1] for b in batch])
        adv = (ret - ret.mean()) / (ret.std() + 1e-8)  # Baseline ueber alle Schritte
        loss = -(logp * adv).sum() / cfg.episodes
        opt.zero_grad()
        loss.backward()
        opt.step()
        if u % 5 == 0:
            print(f"update {u:3d}  Belohnung {sum(b[2] for b in batch) / cfg.episodes:+.2f}  Schritte {len(logp)}")
    with torch.no_grad():
        score = [rollout(env, policy, cfg.gamma)[2] for _ in range(50)]
    print("Test", sum(score) / len(score))


if __name__ == "__main__":
    main()

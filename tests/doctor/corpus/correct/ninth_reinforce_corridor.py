"""REINFORCE with a running baseline on a windy corridor (no gym needed)."""
import argparse

import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical


class Corridor:
    def __init__(self, length=8, slip=0.1, seed=0):
        self.length, self.slip = length, slip
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.pos, self.t = int(self.rng.integers(0, 3)), 0
        return self._obs()

    def _obs(self):
        v = np.zeros(self.length, dtype=np.float32)
        v[self.pos] = 1.0
        return v

    def step(self, a):
        if self.rng.random() < self.slip:
            a = 1 - a
        self.pos = int(np.clip(self.pos + (1 if a == 1 else -1), 0, self.length - 1))
        self.t += 1
        done = self.pos == self.length - 1 or self.t >= 40
        return self._obs(), (1.0 if self.pos == self.length - 1 else -0.02), done


class Policy(nn.Module):
    def __init__(self, n_obs, n_act):
        super().__init__()
        self.affine1 = nn.Linear(n_obs, 32)
        self.affine2 = nn.Linear(32, n_act)

    def forward(self, x):
        return self.affine2(torch.relu(self.affine1(x)))


def rollout(env, policy):
    log_probs, entropies, rewards = [], [], []
    obs, done = env.reset(), False
    while not done:
        dist = Categorical(logits=policy(torch.from_numpy(obs)))
        action = dist.sample()
        log_probs.append(dist.log_prob(action))
        entropies.append(dist.entropy())
        obs, r, done = env.step(action.item())
        rewards.append(r)
    return torch.stack(log_probs), torch.stack(entropies), rewards


def returns_to_go(rewards, gamma):
    out, R = [], 0.0
    for r in reversed(rewards):
        R = r + gamma * R
        out.append(R)
    return torch.tensor(out[::-1])


def greedy_score(env, policy, episodes=10):
    total = 0.0
    with torch.no_grad():
        for _ in range(episodes):
            obs, done = env.reset(), False
            while not done:
                obs, r, done = env.step(policy(torch.from_numpy(obs)).argmax().item())
                total += r
    return total / episodes


def main():
    ap = argparse.ArgumentParser(description="REINFORCE")
    ap.add_argument("--gamma", type=float, default=0.98)
    ap.add_argument("--updates", type=int, default=25)
    ap.add_argument("--episodes", type=int, default=4)
    ap.add_argument("--seed", type=int, default=543)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    env, test_env = Corridor(seed=args.seed), Corridor(seed=args.seed + 1)
    policy = Policy(8, 2)
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
    baseline = 0.0
    for u in range(args.updates):
        losses, firsts = [], []
        for _ in range(args.episodes):
            logp, ent, rewards = rollout(env, policy)
            R = returns_to_go(rewards, args.gamma)
            losses.append(-(logp * (R - baseline)).sum() - 0.01 * ent.sum())
            firsts.append(R[0].item())
        loss = torch.stack(losses).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        baseline = 0.9 * baseline + 0.1 * float(np.mean(firsts))
        if u % 6 == 0:
            print(f"update {u} return {np.mean(firsts):.3f} baseline {baseline:.3f}")
    print("greedy return", round(greedy_score(test_env, policy), 3))


if __name__ == "__main__":
    main()

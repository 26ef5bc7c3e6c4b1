"""REINFORCE with reward-to-go and a moving-average baseline on a stochastic corridor; losses of an episode are collected, one backward per batch."""
import argparse
import random
from collections import deque

import torch
from torch import nn
from torch.distributions import Categorical


class Corridor:
    """Start in the middle of 9 cells; right end pays +1, left end pays 0.2, each move costs 0.02, 10 % of moves slip."""

    def __init__(self, size=9, horizon=40, seed=0):
        self.size, self.horizon, self.rng = size, horizon, random.Random(seed)

    def reset(self):
        self.pos, self.t = self.size // 2, 0
        return self._obs()

    def _obs(self):
        return torch.nn.functional.one_hot(torch.tensor(self.pos), self.size).float()

    def step(self, action):
        if self.rng.random() < 0.1:
            action = 1 - action
        self.pos += 1 if action else -1
        self.t += 1
        if self.pos == self.size - 1:
            return self._obs(), 1.0, True
        if self.pos == 0:
            return self._obs(), 0.2, True
        return self._obs(), -0.02, self.t >= self.horizon


def rollout(env, policy, explore=True):
    obs, done = env.reset(), False
    logps, ents, rewards = [], [], []
    while not done:
        logits = policy(obs)
        if explore:
            dist = Categorical(logits=logits)
            a = dist.sample()
            logps.append(dist.log_prob(a))  # tensors are kept on purpose: they carry the graph to the update
            ents.append(dist.entropy())
        else:
            a = logits.argmax()
        obs, r, done = env.step(int(a))
        rewards.append(r)
    return logps, ents, rewards


def reward_to_go(rewards, gamma):
    out, acc = [], 0.0
    for r in reversed(rewards):
        acc = r + gamma * acc
        out.append(acc)
    return torch.tensor(out[::-1])


def evaluate(policy, seed, episodes=30, gamma=1.0):
    env = Corridor(seed=seed)
    with torch.no_grad():
        returns = [reward_to_go(rollout(env, policy, explore=False)[2], gamma)[0] for _ in range(episodes)]
    return torch.stack(returns).mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--updates", type=int, default=40)
    ap.add_argument("--episodes", type=int, default=6)
    ap.add_argument("--gamma", type=float, default=0.97)
    ap.add_argument("--entropy", type=float, default=0.01)
    args = ap.parse_args()
    torch.manual_seed(0)
    env = Corridor(seed=1)
    policy = nn.Sequential(nn.Linear(9, 32), nn.Tanh(), nn.Linear(32, 2))
    opt = torch.optim.Adam(policy.parameters(), lr=2e-2)
    baseline, recent = 0.0, deque(maxlen=50)
    for update in range(args.updates):
        batch_loss, steps = 0.0, 0
        batch_returns = []
        for _ in range(args.episodes):
            logps, ents, rewards = rollout(env, policy)
            g = reward_to_go(rewards, args.gamma)
            adv = g - baseline
            pg = -(torch.stack(logps) * adv).sum()  # sum over time: gradient of the whole episode
            batch_loss = batch_loss + pg - args.entropy * torch.stack(ents).sum()
            batch_returns.append(g[0].item())
            recent.append(sum(rewards))
            steps += len(rewards)
        opt.zero_grad()
        (batch_loss / args.episodes).backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 5.0)
        opt.step()
        # the baseline uses only returns that are already spent, so the estimate stays unbiased
        baseline = 0.8 * baseline + 0.2 * (sum(batch_returns) / len(batch_returns))
        if update % 10 == 9:
            print(f"update {update + 1} recent return {sum(recent) / len(recent):.3f} mean length {steps / args.episodes:.1f}")
    print(f"greedy return {evaluate(policy, seed=1234):.3f}")


if __name__ == "__main__":
    main()

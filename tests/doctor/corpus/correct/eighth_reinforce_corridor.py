# REINFORCE with a learned baseline on a windy corridor written here.
import random
from collections import deque

import torch
import torch.nn as nn
from torch.distributions import Categorical


class WindyCorridor:
    """Cells 0..n-1, start in the middle, goal at the right end; the wind pushes left now and then."""

    def __init__(self, n=7, wind=0.15, limit=30, seed=0):
        self.n, self.wind, self.limit = n, wind, limit
        self.rng = random.Random(seed)

    def reset(self):
        self.pos, self.t = self.n // 2, 0
        return self._obs()

    def _obs(self):
        o = [0.0] * self.n
        o[self.pos] = 1.0
        return o

    def step(self, action):
        move = 1 if action == 1 else -1
        if self.rng.random() < self.wind:
            move = -1
        self.pos = max(0, min(self.n - 1, self.pos + move))
        self.t += 1
        done = self.pos == self.n - 1
        return self._obs(), (1.0 if done else -0.02), done, self.t >= self.limit


class Policy(nn.Module):
    def __init__(self, n_obs, n_act, h=32):
        super().__init__()
        self.affine = nn.Linear(n_obs, h)
        self.action_head = nn.Linear(h, n_act)
        self.value_head = nn.Linear(h, 1)

    def forward(self, x):
        x = torch.relu(self.affine(x))
        return Categorical(logits=self.action_head(x)), self.value_head(x).squeeze(-1)


def rollout(env, policy):
    obs, log_probs, values, rewards, entropies = env.reset(), [], [], [], []
    while True:
        dist, value = policy(torch.tensor(obs))
        action = dist.sample()
        obs, r, done, truncated = env.step(action.item())
        log_probs.append(dist.log_prob(action))
        values.append(value)
        entropies.append(dist.entropy())
        rewards.append(r)
        if done or truncated:
            break
    # cut by the clock, not by the goal: the value of the last state stands for the rest
    tail = 0.0
    if truncated and not done:
        with torch.no_grad():
            tail = policy(torch.tensor(obs))[1].item()
    return torch.stack(log_probs), torch.stack(values), torch.stack(entropies), rewards, tail


def discounted(rewards, gamma, tail):
    out, g = deque(), tail
    for r in reversed(rewards):
        g = r + gamma * g
        out.appendleft(g)
    return torch.tensor(list(out))


@torch.no_grad()
def greedy_length(policy, episodes=10):
    env = WindyCorridor(seed=123)
    steps = 0
    for _ in range(episodes):
        obs, over = env.reset(), False
        while not over:
            a = policy(torch.tensor(obs))[0].probs.argmax().item()
            obs, _, done, truncated = env.step(a)
            over = done or truncated
            steps += 1
    return steps / episodes


def main(episodes=240, gamma=0.98, beta=0.01):
    torch.manual_seed(0)
    env, policy = WindyCorridor(), Policy(7, 2)
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
    running = None
    for i in range(1, episodes + 1):
        log_probs, values, entropies, rewards, tail = rollout(env, policy)
        returns = discounted(rewards, gamma, tail)
        advantage = returns - values.detach()          # the actor must not move the critic
        actor = -(log_probs * advantage).sum()
        critic = nn.functional.smooth_l1_loss(values, returns, reduction="sum")
        loss = actor + critic - beta * entropies.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running = sum(rewards) if running is None else 0.05 * sum(rewards) + 0.95 * running
        if i % 60 == 0:
            print(f"Episode {i}\tLast length {len(rewards)}\tRunning reward {running:.2f}")
    print(f"greedy policy: {greedy_length(policy):.1f} steps per episode")


if __name__ == "__main__":
    main()

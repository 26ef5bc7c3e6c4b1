"""REINFORCE with a moving baseline on a one-dimensional corridor."""
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(2)
LENGTH, MAX_STEPS, GAMMA = 7, 30, 0.97


class Corridor:
    """Start in the middle; the right end pays +1, the left end -1, each step costs 0.01."""

    def reset(self):
        self.pos, self.t = LENGTH // 2, 0
        return self._obs()

    def step(self, action):
        self.pos += 1 if action == 1 else -1
        self.t += 1
        if self.pos == LENGTH - 1:
            return self._obs(), 1.0, True
        if self.pos == 0:
            return self._obs(), -1.0, True
        return self._obs(), -0.01, self.t >= MAX_STEPS

    def _obs(self):
        obs = torch.zeros(LENGTH)
        obs[self.pos] = 1.0
        return obs


def rollout(env, policy):
    obs, done = env.reset(), False
    log_probs, rewards, entropies = [], [], []
    while not done:
        dist = Categorical(logits=policy(obs))
        action = dist.sample()
        obs, reward, done = env.step(action.item())
        log_probs.append(dist.log_prob(action))
        entropies.append(dist.entropy())
        rewards.append(reward)
    return torch.stack(log_probs), rewards, torch.stack(entropies)


def discounted(rewards):
    returns, g = [], 0.0
    for r in reversed(rewards):
        g = r + GAMMA * g
        returns.append(g)
    return torch.tensor(returns[::-1])


env = Corridor()
policy = nn.Sequential(nn.Linear(LENGTH, 16), nn.Tanh(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
baseline = 0.0
history = []

for episode in range(1, 161):
    log_probs, rewards, entropies = rollout(env, policy)
    returns = discounted(rewards)
    loss = -(log_probs * (returns - baseline)).sum() - 0.01 * entropies.sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    baseline = 0.9 * baseline + 0.1 * returns.mean().item()
    history.append(sum(rewards))
    if episode % 40 == 0:
        print(f"episode {episode}: mean return of the last 40 = {sum(history[-40:]) / 40:.3f}")

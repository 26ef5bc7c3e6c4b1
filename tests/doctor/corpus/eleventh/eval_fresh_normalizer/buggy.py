import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical


class RunningMeanStd:
    def __init__(self, dim):
        self.mean, self.var, self.count = np.zeros(dim), np.ones(dim), 1e-4

    def update(self, batch):
        m, v, n = batch.mean(0), batch.var(0), len(batch)
        delta, total = m - self.mean, self.count + n
        self.var = (self.var * self.count + v * n + delta**2 * self.count * n / total) / total
        self.mean = self.mean + delta * n / total
        self.count = total


class Thermostat:
    """64 rooms at once. Heat (1) below 20 degrees, otherwise leave it (0)."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.obs = np.stack([self.rng.normal(20, 4, 64), self.rng.normal(1013, 9, 64)], axis=1)
        return self.obs

    def step(self, action):
        reward = (action == (self.obs[:, 0] < 20)).astype(np.float32)
        return self.reset(), reward


class NormalizeObs:
    def __init__(self, env, training=True):
        self.env, self.training = env, training
        self.obs_rms = RunningMeanStd(2)

    def _norm(self, obs):
        if self.training:
            self.obs_rms.update(obs)
        scaled = (obs - self.obs_rms.mean) / np.sqrt(self.obs_rms.var + 1e-8)
        return torch.as_tensor(np.clip(scaled, -10, 10), dtype=torch.float32)

    def reset(self):
        return self._norm(self.env.reset())

    def step(self, action):
        obs, reward = self.env.step(action)
        return self._norm(obs), reward


@torch.no_grad()
def evaluate(policy, env, steps=20):
    obs, total = env.reset(), 0.0
    for _ in range(steps):
        obs, reward = env.step(policy(obs).argmax(-1).numpy())
        total += reward.mean()
    return total / steps


torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
optim = torch.optim.Adam(policy.parameters(), lr=5e-3)
train_env = NormalizeObs(Thermostat(seed=1))
obs = train_env.reset()
for it in range(200):
    dist = Categorical(logits=policy(obs))
    act = dist.sample()
    obs, reward = train_env.step(act.numpy())
    adv = torch.as_tensor(reward - reward.mean())
    loss = -(dist.log_prob(act) * adv).mean()
    optim.zero_grad()
    loss.backward()
    optim.step()
print("train reward", reward.mean())

eval_env = NormalizeObs(Thermostat(seed=2), training=False)
print("eval reward", evaluate(policy, eval_env))

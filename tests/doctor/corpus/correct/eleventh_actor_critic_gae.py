"""Advantage actor-critic with GAE: balance a drifting point around zero."""
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(25)

ENVS, HORIZON, GAMMA, LAM = 16, 20, 0.9, 0.95


class Drift:
    """Vectorised: position and velocity; push left, nothing or push right; restarts when lost."""

    def __init__(self):
        self.s = torch.randn(ENVS, 2) * 0.5

    def step(self, action):
        x, v = self.s.unbind(1)
        v = 0.9 * v + 0.3 * (action.float() - 1) + 0.05 * torch.randn(ENVS)
        x = x + 0.3 * v
        reward = torch.exp(-x**2)
        lost = x.abs() > 3
        fresh = torch.randn(ENVS, 2) * 0.5
        self.s = torch.where(lost.unsqueeze(1), fresh, torch.stack([x, v], 1))
        return reward, lost.float()


actor = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 3))
critic = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.Adam([
    {"params": actor.parameters(), "lr": 5e-3},
    {"params": critic.parameters(), "lr": 2e-2},
])
env = Drift()

for update in range(1, 61):
    logps, entropies, values, rewards, dones = [], [], [], [], []
    for _ in range(HORIZON):
        state = env.s
        dist = Categorical(logits=actor(state))
        action = dist.sample()
        reward, done = env.step(action)
        logps.append(dist.log_prob(action))
        entropies.append(dist.entropy())
        values.append(critic(state).squeeze(1))
        rewards.append(reward)
        dones.append(done)

    with torch.no_grad():
        next_value = critic(env.s).squeeze(1)
        gae = torch.zeros(ENVS)
        advantages = []
        for t in reversed(range(HORIZON)):
            alive = 1 - dones[t]
            delta = rewards[t] + GAMMA * alive * next_value - values[t]
            gae = delta + GAMMA * LAM * alive * gae
            advantages.insert(0, gae)
            next_value = values[t]
        adv = torch.stack(advantages)
        returns = adv + torch.stack(values)
        adv = (adv - adv.mean()) / (adv.std() + 1e-8)

    policy_loss = -(torch.stack(logps) * adv).mean()
    value_loss = (torch.stack(values) - returns).pow(2).mean()
    loss = policy_loss + value_loss - 0.01 * torch.stack(entropies).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(actor.parameters(), 0.5)
    nn.utils.clip_grad_norm_(critic.parameters(), 5.0)
    opt.step()
    if update % 20 == 0:
        print(f"update {update}: mean reward {torch.stack(rewards).mean():.3f} value loss {value_loss.item():.3f}")

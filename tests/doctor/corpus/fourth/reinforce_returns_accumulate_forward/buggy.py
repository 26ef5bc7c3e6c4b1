# REINFORCE with a small delayed-reward task
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(7)
HORIZON, GAMMA = 8, 0.9


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, obs):
        return Categorical(logits=self.net(obs))


def rollout(policy, n_env=16):
    """Each step shows a sign; the reward for following it is paid out one step later, the last one never."""
    log_probs, rewards = [], []
    pending = torch.zeros(n_env)
    for t in range(HORIZON):
        sign = torch.randint(0, 2, (n_env,))
        obs = torch.stack([sign.float(), 1 - sign.float(), torch.full((n_env,), t / HORIZON)], dim=1)
        dist = policy(obs)
        action = dist.sample()
        log_probs.append(dist.log_prob(action))
        rewards.append(pending)
        pending = (action == sign).float()
    return torch.stack(log_probs), torch.stack(rewards)


def discounted_returns(rewards):
    out, running = [], torch.zeros_like(rewards[0])
    for r in rewards:
        running = r + GAMMA * running
        out.append(running)
    return torch.stack(out)


def policy_loss(log_probs, rewards):
    returns = discounted_returns(rewards.unbind(0))
    advantage = returns - returns.mean(dim=1, keepdim=True)   # baseline: mean over the environments per step
    advantage = advantage / (advantage.std() + 1e-6)
    return -(log_probs * advantage).mean()


policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
for update in range(120):
    log_probs, rewards = rollout(policy)
    loss = policy_loss(log_probs, rewards)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if update % 30 == 29:
        print(f"update {update + 1}: mean return {rewards.sum(0).mean().item():.2f} of {HORIZON - 1}")

import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(95)
policy = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 3))
optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
baseline = 0.0
for it in range(80):
    state = torch.randn(48, 2)
    dist = Categorical(logits=policy(state))
    action = dist.sample()
    best = (state[:, 0] > 0).long() + (state[:, 1] > 0).long()
    reward = (action == best).float()
    advantage = reward - baseline
    baseline = 0.9 * baseline + 0.1 * reward.mean().item()
    loss = -(dist.log_prob(action) * advantage).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 20 == 0:
        print(it, "mean reward", reward.mean().item())

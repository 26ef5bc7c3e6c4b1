# REINFORCE, cart that should be stopped at the origin
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Categorical

gamma = 0.97
max_steps = 30
torch.manual_seed(7)
np.random.seed(7)


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(2, 64)
        self.affine2 = nn.Linear(64, 3)
        self.saved_log_probs = []
        self.rewards = []

    def forward(self, x):
        return self.affine2(torch.relu(self.affine1(x)))


policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=5e-3)


def select_action(state):
    m = Categorical(logits=policy(torch.from_numpy(state).float()))
    action = m.sample()
    policy.saved_log_probs.append(m.log_prob(action))
    return action.item()


def finish_episode():
    R = 0
    returns = []
    for r in policy.rewards[::-1]:
        R = r + gamma * R
        returns.insert(0, R)
    returns = torch.tensor(returns, dtype=torch.float32)
    returns = (returns - returns.mean()) / (returns.std() + 1e-8)
    policy_loss = []
    for log_prob, ret in zip(policy.saved_log_probs, returns):
        policy_loss.append(-log_prob * ret)
    optimizer.zero_grad()
    policy_loss = torch.stack(policy_loss).sum()
    policy_loss.backward()
    optimizer.step()
    policy.saved_log_probs.clear()
    policy.rewards.clear()


running = None
for i_episode in range(1, 61):
    state, ep_reward = np.random.uniform(-1, 1, size=2), 0.0
    for t in range(max_steps):
        action = select_action(state)
        vel = 0.9 * state[1] + 0.1 * (action - 1)
        state = np.array([state[0] + 0.3 * vel, vel])
        reward = float(np.exp(-4 * state[0] ** 2))
        policy.rewards.append(reward)
        ep_reward += reward
    running = ep_reward if running is None else 0.9 * running + 0.1 * ep_reward
    finish_episode()
    if i_episode % 20 == 0:
        print("Episode %d\tlast reward: %.2f\taverage reward: %.2f" % (i_episode, ep_reward, running))

import argparse
from collections import deque
from itertools import count

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Categorical

parser = argparse.ArgumentParser(description='REINFORCE on a corridor')
parser.add_argument('--gamma', type=float, default=0.98)
parser.add_argument('--seed', type=int, default=543)
parser.add_argument('--episodes', type=int, default=160)
parser.add_argument('--log-interval', type=int, default=40)
args = parser.parse_args()
torch.manual_seed(args.seed)


class Corridor:
    """Start in the middle cell of nine; the right end pays 1, the left end pays nothing."""
    n, limit = 9, 40

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def _obs(self):
        o = np.zeros(self.n, dtype=np.float32)
        o[self.pos] = 1
        return o

    def reset(self):
        self.pos, self.t = self.n // 2, 0
        return self._obs()

    def step(self, action):
        move = 1 if action == 1 else -1
        if self.rng.random() < 0.1:
            move = -move
        self.pos += move
        self.t += 1
        done = self.pos in (0, self.n - 1)
        return self._obs(), float(self.pos == self.n - 1), done, self.t >= self.limit


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(9, 32)
        self.dropout = nn.Dropout(p=0.1)
        self.affine2 = nn.Linear(32, 2)
        self.saved_log_probs = []
        self.rewards = []

    def forward(self, x):
        x = F.relu(self.dropout(self.affine1(x)))
        return F.softmax(self.affine2(x), dim=1)


env = Corridor(args.seed)
policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=1e-2)


def select_action(state):
    probs = policy(torch.from_numpy(state).float().unsqueeze(0))
    m = Categorical(probs)
    action = m.sample()
    policy.saved_log_probs.append(m.log_prob(action))
    return action.item()


def finish_episode():
    R = 0
    policy_loss = []
    returns = deque()
    for r in policy.rewards[::-1]:
        R = r + args.gamma * R
        returns.appendleft(R)
    returns = torch.tensor(returns)
    first = returns[0].item()
    if baseline:  # earlier episodes only, so that the estimate stays unbiased
        returns = returns - sum(baseline) / len(baseline)
    baseline.append(first)
    for log_prob, R in zip(policy.saved_log_probs, returns):
        policy_loss.append(-log_prob * R)
    optimizer.zero_grad()
    policy_loss = torch.cat(policy_loss).sum()
    policy_loss.backward()
    optimizer.step()
    del policy.rewards[:]
    del policy.saved_log_probs[:]


def greedy_eval(episodes=20):
    test_env = Corridor(args.seed + 1)
    policy.eval()
    total = 0.0
    with torch.no_grad():
        for _ in range(episodes):
            s = test_env.reset()
            while True:
                a = policy(torch.from_numpy(s).unsqueeze(0)).argmax(1).item()
                s, r, done, truncated = test_env.step(a)
                total += r
                if done or truncated:
                    break
    policy.train()
    return total / episodes


baseline = deque(maxlen=50)
running_reward = 0.0
for i_episode in range(1, args.episodes + 1):
    state, ep_reward = env.reset(), 0
    for t in count(1):
        action = select_action(state)
        state, reward, done, truncated = env.step(action)
        policy.rewards.append(reward)
        ep_reward += reward
        if done or truncated:
            break
    running_reward = 0.05 * ep_reward + (1 - 0.05) * running_reward
    finish_episode()
    if i_episode % args.log_interval == 0:
        print('Episode {}\tLast reward: {:.2f}\tAverage reward: {:.2f}'.format(i_episode, ep_reward, running_reward))
print("greedy reward: %.2f" % greedy_eval())

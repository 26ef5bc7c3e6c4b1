import random
from collections import deque
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Corridor:
    """Walk left/right from cell 3 of 0..8. Right end pays 1, left end pays 0.2, every step costs 0.01."""

    def reset(self):
        self.pos, self.t = 3, 0
        return self._obs()

    def _obs(self):
        o = np.zeros(9, dtype=np.float32)
        o[self.pos] = 1.0
        return o

    def step(self, action):
        self.pos += 1 if action == 1 else -1
        self.t += 1
        if self.pos == 8:
            return self._obs(), 1.0, True, False
        if self.pos == 0:
            return self._obs(), 0.2, True, False
        return self._obs(), -0.01, False, self.t >= 40


class ReplayBuffer:
    def __init__(self, size):
        self.data = deque(maxlen=size)

    def push(self, *transition):
        self.data.append(transition)

    def sample(self, k):
        s, a, r, s2, d = zip(*random.sample(self.data, k))
        return (torch.from_numpy(np.stack(s)), torch.tensor(a), torch.tensor(r, dtype=torch.float32),
                torch.from_numpy(np.stack(s2)), torch.tensor(d, dtype=torch.float32))


def make_q():
    return nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 2))


class Agent:
    gamma = 0.95

    def __init__(self):
        self.q, self.target = make_q(), make_q()
        self.target.load_state_dict(self.q.state_dict())
        self.opt = torch.optim.Adam(self.q.parameters(), lr=2e-3)

    def act(self, obs, eps):
        if random.random() < eps:
            return random.randrange(2)
        with torch.no_grad():
            return int(self.q(torch.from_numpy(obs)).argmax())

    def learn(self, batch):
        s, a, r, s2, d = batch
        q = self.q(s).gather(1, a.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            y = r + self.gamma * (1 - d) * self.target(s2).max(dim=1).values
        loss = F.smooth_l1_loss(q, y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()


random.seed(1)
torch.manual_seed(1)
env, agent, memory = Corridor(), Agent(), ReplayBuffer(5000)
steps = 0
for episode in range(120):
    obs, over = env.reset(), False
    while not over:
        eps = max(0.1, 1.0 - steps / 800)
        action = agent.act(obs, eps)
        nxt, reward, terminated, truncated = env.step(action)
        memory.push(obs, action, reward, nxt, terminated)  # a time limit is not a terminal state
        obs, over = nxt, terminated or truncated
        steps += 1
        if len(memory.data) >= 64:
            agent.learn(memory.sample(32))
        if steps % 100 == 0:
            agent.target.load_state_dict(agent.q.state_dict())
obs, over, score = env.reset(), False, 0.0
while not over:
    obs, reward, terminated, truncated = env.step(agent.act(obs, 0.0))
    over, score = terminated or truncated, score + reward
with torch.no_grad():
    v = agent.q(torch.eye(9))[1:8].max(dim=1).values
print("greedy return", round(score, 3))
print("values of cells 1..7", [round(u, 2) for u in v.tolist()])

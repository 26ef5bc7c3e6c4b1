import random
from collections import deque
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class PointMass:
    """Push a point on a line to the origin. Observation: place and speed."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.state = np.zeros(2, dtype=np.float32)

    def _obs(self):
        return self.state.copy()

    def reset(self):
        self.state[:] = (self.rng.uniform(-1, 1), 0.0)
        self.steps = 0
        return self._obs()

    def step(self, action):
        force = 0.15 * (action - 1)
        self.state[1] = 0.9 * self.state[1] + force
        self.state[0] += self.state[1]
        self.steps += 1
        reward = -abs(float(self.state[0]))
        terminal = abs(self.state[0]) > 2.0
        return self._obs(), reward - (5.0 if terminal else 0.0), bool(terminal), self.steps >= 20


class Memory:
    def __init__(self, size):
        self.rows = deque(maxlen=size)

    def push(self, *row):
        self.rows.append(row)

    def batch(self, k):
        s, a, r, s2, d = zip(*random.sample(self.rows, k))
        return (torch.as_tensor(np.stack(s)), torch.tensor(a), torch.tensor(r, dtype=torch.float32),
                torch.as_tensor(np.stack(s2)), torch.tensor(d, dtype=torch.float32))


def build():
    return nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))


def learn(q, q_slow, opt, batch, gamma=0.95):
    s, a, r, s2, d = batch
    with torch.no_grad():
        pick = q(s2).argmax(1, keepdim=True)
        y = r + gamma * (1 - d) * q_slow(s2).gather(1, pick).squeeze(1)
    loss = F.smooth_l1_loss(q(s).gather(1, a.unsqueeze(1)).squeeze(1), y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(q.parameters(), 10.0)
    opt.step()
    with torch.no_grad():
        for p, ps in zip(q.parameters(), q_slow.parameters()):
            ps.lerp_(p, 0.02)


def run(episodes=60):
    random.seed(2)
    torch.manual_seed(2)
    env, memory = PointMass(2), Memory(2000)
    q, q_slow = build(), build()
    q_slow.load_state_dict(q.state_dict())
    opt = torch.optim.Adam(q.parameters(), lr=2e-3)
    scores = []
    for ep in range(episodes):
        s, total, over = env.reset(), 0.0, False
        while not over:
            if random.random() < max(0.05, 1 - ep / 35):
                a = random.randrange(3)
            else:
                with torch.no_grad():
                    a = int(q(torch.from_numpy(s)).argmax())
            s2, r, terminal, timeout = env.step(a)
            memory.push(s, a, r, s2, terminal)
            s, total, over = s2, total + r, terminal or timeout
            if len(memory.rows) >= 100:
                learn(q, q_slow, opt, memory.batch(32))
        scores.append(total)
    return sum(scores[-15:]) / 15


print("average score", round(run(), 2))

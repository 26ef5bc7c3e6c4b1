import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Corridor:
    """Walk right to the goal; every step costs a little."""
    length, limit = 8, 30

    def reset(self):
        self.pos, self.t = 0, 0
        return self._obs()

    def _obs(self):
        obs = np.zeros(self.length, dtype=np.float32)
        obs[self.pos] = 1.0
        return obs

    def step(self, action):
        self.t += 1
        self.pos = min(self.length - 1, max(0, self.pos + (1 if action == 1 else -1)))
        terminated = self.pos == self.length - 1
        truncated = self.t >= self.limit and not terminated
        return self._obs(), (1.0 if terminated else -0.02), terminated, truncated


class ReplayBuffer:
    def __init__(self, capacity):
        self.data = deque(maxlen=capacity)

    def push(self, *transition):
        self.data.append(transition)

    def sample(self, n):
        s, a, r, s2, term = zip(*random.sample(self.data, n))
        return (torch.from_numpy(np.stack(s)), torch.tensor(a), torch.tensor(r),
                torch.from_numpy(np.stack(s2)), torch.tensor(term, dtype=torch.float32))

    def __len__(self):
        return len(self.data)


def make_q():
    return nn.Sequential(nn.Linear(Corridor.length, 32), nn.ReLU(), nn.Linear(32, 2))


SEED, GAMMA, BATCH, SYNC = 3, 0.97, 32, 100
random.seed(SEED)
torch.manual_seed(SEED)

env, q, target = Corridor(), make_q(), make_q()
target.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=3e-3)
buffer, steps, returns = ReplayBuffer(5000), 0, []


def greedy(state):
    with torch.no_grad():
        return q(torch.from_numpy(state)).argmax().item()


def learn():
    s, a, r, s2, term = buffer.sample(BATCH)
    with torch.no_grad():
        best = q(s2).argmax(1, keepdim=True)
        y = r + GAMMA * (1 - term) * target(s2).gather(1, best).squeeze(1)
    pred = q(s).gather(1, a[:, None]).squeeze(1)
    loss = F.smooth_l1_loss(pred, y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(q.parameters(), 10.0)
    opt.step()


for episode in range(80):
    s, done, total = env.reset(), False, 0.0
    while not done:
        eps = max(0.05, 1.0 - steps / 600)
        a = random.randrange(2) if random.random() < eps else greedy(s)
        s2, r, terminated, truncated = env.step(a)
        buffer.push(s, a, r, s2, terminated)
        s, done, total = s2, terminated or truncated, total + r
        steps += 1
        if len(buffer) >= 200:
            learn()
        if steps % SYNC == 0:
            target.load_state_dict(q.state_dict())
    returns.append(total)
    if episode % 20 == 19:
        print(f"episode {episode + 1}: mean return of last 20 = {np.mean(returns[-20:]):.3f}")

s, done, total = env.reset(), False, 0.0
while not done:
    s, r, terminated, truncated = env.step(greedy(s))
    done, total = terminated or truncated, total + r
print(f"greedy return {total:.3f} in {env.t} steps")

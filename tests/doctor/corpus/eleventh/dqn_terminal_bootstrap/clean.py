import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn


class Corridor:
    """Nine cells in a row, start in the middle. Right end pays 1, left end pays 0."""

    size = 9

    def reset(self):
        self.pos = self.size // 2
        return self.observe()

    def observe(self):
        obs = np.zeros(self.size, dtype=np.float32)
        obs[self.pos] = 1.0
        return obs

    def step(self, action):
        self.pos += 1 if action == 1 else -1
        done = self.pos in (0, self.size - 1)
        return self.observe(), float(self.pos == self.size - 1), done


random.seed(0)
np.random.seed(0)
torch.manual_seed(0)
GAMMA, BATCH, SYNC = 0.95, 32, 50
env = Corridor()
q_net = nn.Sequential(nn.Linear(env.size, 32), nn.ReLU(), nn.Linear(32, 2))
target_net = nn.Sequential(nn.Linear(env.size, 32), nn.ReLU(), nn.Linear(32, 2))
target_net.load_state_dict(q_net.state_dict())
optimizer = torch.optim.Adam(q_net.parameters(), lr=3e-3)
memory = deque(maxlen=2000)


def learn():
    batch = random.sample(memory, BATCH)
    s, a, r, s2, d = (np.stack(col) for col in zip(*batch))
    s, s2 = torch.from_numpy(s), torch.from_numpy(s2)
    a = torch.from_numpy(a).long()
    r, d = torch.from_numpy(r).float(), torch.from_numpy(d).float()
    q = q_net(s).gather(1, a.unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        next_q = target_net(s2).max(dim=1).values
        target = r + GAMMA * next_q * (1.0 - d)
    loss = nn.functional.smooth_l1_loss(q, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


total, epsilon = 0, 1.0
for episode in range(60):
    state = env.reset()
    for _ in range(100):
        if random.random() < epsilon:
            action = random.randrange(2)
        else:
            with torch.no_grad():
                action = int(q_net(torch.from_numpy(state)).argmax())
        nxt, reward, done = env.step(action)
        memory.append((state, action, reward, nxt, done))
        state = nxt
        total += 1
        if len(memory) >= BATCH:
            learn()
        if total % SYNC == 0:
            target_net.load_state_dict(q_net.state_dict())
        if done:
            break
    epsilon = max(0.05, epsilon * 0.95)

with torch.no_grad():
    print("Q(start) =", q_net(torch.from_numpy(env.reset())).tolist())

"""Deep Q-learning on a 4x4 grid: reach the corner, avoid the pit."""
import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 5
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


class Grid:
    size, goal, pit, limit = 4, (3, 3), (1, 2), 30

    def reset(self):
        self.pos, self.t = (0, 0), 0
        return self.observe()

    def observe(self):
        s = np.zeros(self.size * self.size, dtype=np.float32)
        s[self.pos[0] * self.size + self.pos[1]] = 1.0
        return s

    def step(self, action):
        dr, dc = MOVES[action]
        r = min(max(self.pos[0] + dr, 0), self.size - 1)
        c = min(max(self.pos[1] + dc, 0), self.size - 1)
        self.pos, self.t = (r, c), self.t + 1
        if self.pos == self.goal:
            return self.observe(), 1.0, True, False
        if self.pos == self.pit:
            return self.observe(), -1.0, True, False
        return self.observe(), -0.02, False, self.t >= self.limit


def make_net():
    return nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, 4))


def act(net, state, eps):
    if random.random() < eps:
        return random.randrange(4)
    with torch.no_grad():
        return net(torch.from_numpy(state).unsqueeze(0)).argmax(dim=1).item()


policy, target = make_net(), make_net()
target.load_state_dict(policy.state_dict())
optimizer = torch.optim.Adam(policy.parameters(), lr=2e-3)
memory = deque(maxlen=3000)
GAMMA, BATCH, SYNC = 0.95, 32, 50
env, updates = Grid(), 0


def learn():
    s, a, r, s2, terminal = zip(*random.sample(memory, BATCH))
    s, s2 = torch.from_numpy(np.stack(s)), torch.from_numpy(np.stack(s2))
    a = torch.tensor(a).unsqueeze(1)
    r = torch.tensor(r)
    terminal = torch.tensor(terminal, dtype=torch.float32)
    q = policy(s).gather(1, a).squeeze(1)
    with torch.no_grad():
        backup = r + GAMMA * (1 - terminal) * target(s2).max(dim=1).values
    loss = F.smooth_l1_loss(q, backup)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


returns = []
for episode in range(120):
    eps = max(0.05, 1.0 - episode / 80)
    state, total, over = env.reset(), 0.0, False
    while not over:
        action = act(policy, state, eps)
        nxt, reward, terminal, truncated = env.step(action)
        memory.append((state, action, reward, nxt, terminal))
        state, total, over = nxt, total + reward, terminal or truncated
        if len(memory) >= 200:
            learn()
            updates += 1
            if updates % SYNC == 0:
                target.load_state_dict(policy.state_dict())
    returns.append(total)
    if (episode + 1) % 30 == 0:
        print(f"episode {episode + 1}: mean return {np.mean(returns[-30:]):.2f}, eps {eps:.2f}")

state, path, over = env.reset(), [(0, 0)], False
while not over:
    state, reward, terminal, truncated = env.step(act(policy, state, eps=0.0))
    path.append(env.pos)
    over = terminal or truncated
print("greedy path:", path)

import random
from collections import deque

import torch
import torch.nn as nn

N, GAMMA, BATCH = 6, 0.95, 32


class Corridor:
    """Start in the middle, +1 at the right end, -1 at the left end."""

    def reset(self):
        self.pos = N // 2
        return self._obs()

    def _obs(self):
        return torch.eye(N + 1)[self.pos]

    def step(self, action):
        self.pos += 1 if action == 1 else -1
        done = self.pos in (0, N)
        reward = {0: -1.0, N: 1.0}.get(self.pos, -0.02)
        return self._obs(), reward, done


def q_net():
    return nn.Sequential(nn.Linear(N + 1, 32), nn.ReLU(), nn.Linear(32, 2))


random.seed(0)
torch.manual_seed(0)
env, memory = Corridor(), deque(maxlen=2000)
policy, target = q_net(), q_net()
target.load_state_dict(policy.state_dict())
optimizer = torch.optim.Adam(policy.parameters(), lr=3e-3)


def learn():
    batch = random.sample(memory, BATCH)
    s, a, r, s2, d = zip(*batch)
    s, s2 = torch.stack(s), torch.stack(s2)
    a = torch.tensor(a).unsqueeze(1)
    r = torch.tensor(r)
    d = torch.tensor(d, dtype=torch.float32)
    q = policy(s).gather(1, a).squeeze(1)
    with torch.no_grad():
        next_q = target(s2).max(1).values
        y = r + GAMMA * next_q
    loss = nn.functional.smooth_l1_loss(q, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


steps = 0
for episode in range(120):
    state, done = env.reset(), False
    eps = max(0.05, 1.0 - episode / 60)
    while not done:
        if random.random() < eps:
            action = random.randrange(2)
        else:
            with torch.no_grad():
                action = policy(state).argmax().item()
        nxt, reward, done = env.step(action)
        memory.append((state, action, reward, nxt, done))
        state = nxt
        steps += 1
        if len(memory) >= 100:
            learn()
        if steps % 50 == 0:
            target.load_state_dict(policy.state_dict())

with torch.no_grad():
    print("Q(s, right):", [round(v, 2) for v in policy(torch.eye(N + 1)[1:N])[:, 1].tolist()])

import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn


class Cart:
    """Drive a cart to x = 0 and hold it there."""

    def __init__(self, rng):
        self.rng = rng
        self.state = np.zeros(2, dtype=np.float32)

    def reset(self):
        self.state[:] = self.rng.uniform(-1, 1, 2)
        self.left = 30
        return self.state.copy()

    def step(self, action):
        self.state[1] = 0.8 * self.state[1] + 0.2 * (action - 1)
        self.state[0] = np.clip(self.state[0] + 0.3 * self.state[1], -2, 2)
        self.left -= 1
        return self.state.copy(), -float(abs(self.state[0])), self.left == 0


def build():
    return nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))


def greedy(net, s):
    with torch.no_grad():
        return net(torch.tensor(s)).argmax().item()


def test(net, env, episodes=10):
    total = 0.0
    for _ in range(episodes):
        s, end = env.reset(), False
        while not end:
            s, r, end = env.step(greedy(net, s))
            total += r
    return total / episodes


random.seed(9)
torch.manual_seed(9)
env = Cart(np.random.default_rng(9))
q, q_target = build(), build()
q_target.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=2e-3)
memory = deque(maxlen=4000)
gamma, count = 0.9, 0

for episode in range(60):
    s, end = env.reset(), False
    eps = max(0.1, 1 - episode / 30)
    while not end:
        a = random.randrange(3) if random.random() < eps else greedy(q, s)
        s2, r, end = env.step(a)
        memory.append((s, a, r, s2))
        s = s2
        count += 1
        if count > 200 and count % 2 == 0:
            bs, ba, br, bn = zip(*random.sample(memory, 64))
            bs, bn = torch.tensor(np.stack(bs)), torch.tensor(np.stack(bn))
            ba, br = torch.tensor(ba), torch.tensor(br)
            with torch.no_grad():                       # time limit only, no terminal state
                y = br + gamma * q_target(bn).max(1).values
            loss = nn.functional.mse_loss(q(bs).gather(1, ba[:, None]).squeeze(1), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        if count % 150 == 0:
            q_target.load_state_dict(q.state_dict())
print("mean return, greedy policy:", test(q, env))

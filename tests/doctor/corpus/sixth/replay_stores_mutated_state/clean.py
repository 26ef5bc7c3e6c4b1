import copy
import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Cart:
    """Bring a cart on a rail to the middle; actions: brake left, nothing, push right."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.s = np.zeros(2, dtype=np.float32)

    def observe(self):
        return self.s.copy()

    def reset(self):
        self.s = np.array([self.rng.uniform(-1, 1), 0.0], dtype=np.float32)
        self.t = 0
        return self.observe()

    def step(self, a):
        self.s[1] = np.clip(self.s[1] + 0.04 * (a - 1), -0.15, 0.15)
        self.s[0] += self.s[1]
        self.t += 1
        out = abs(self.s[0]) > 1.5
        reward = -1.0 if out else float(1 - abs(self.s[0]))
        return self.observe(), reward, out, self.t >= 40


def q_network():
    return nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))


def act(net, s, eps):
    if random.random() < eps:
        return random.randrange(3)
    with torch.no_grad():
        return int(net(torch.from_numpy(s)).argmax())


def learn(net, target, opt, memory, gamma=0.95, size=64):
    s, a, r, s2, dead = zip(*random.sample(memory, size))
    s, s2 = torch.from_numpy(np.stack(s)), torch.from_numpy(np.stack(s2))
    a, r, dead = torch.tensor(a), torch.tensor(r), torch.tensor(dead, dtype=torch.float32)
    with torch.no_grad():
        goal = r + gamma * (1 - dead) * target(s2).max(1).values
    q = net(s).gather(1, a[:, None]).squeeze(1)
    loss = F.smooth_l1_loss(q, goal)
    opt.zero_grad()
    loss.backward()
    opt.step()


def play(net, env, episodes=5):
    total = 0.0
    for _ in range(episodes):
        s, end, cut = env.reset(), False, False
        while not (end or cut):
            s, r, end, cut = env.step(act(net, s, 0.0))
            total += r
    return total / episodes


random.seed(0)
torch.manual_seed(0)
env, test_env = Cart(1), Cart(2)
net = q_network()
target = copy.deepcopy(net)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
memory = deque(maxlen=5000)
for episode in range(60):
    s, end, cut = env.reset(), False, False
    eps = max(0.1, 1 - episode / 40)
    while not (end or cut):
        a = act(net, s, eps)
        s2, r, end, cut = env.step(a)
        memory.append((s, a, r, s2, end))
        s = s2
        if len(memory) >= 200:
            learn(net, target, opt, memory)
    if episode % 5 == 0:
        target.load_state_dict(net.state_dict())
    if episode % 20 == 19:
        print(f"episode {episode + 1}: return {play(net, test_env):.2f}")

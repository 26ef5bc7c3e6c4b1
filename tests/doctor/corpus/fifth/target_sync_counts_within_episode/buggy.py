import random
from collections import deque
from copy import deepcopy

import torch
import torch.nn as nn
import torch.nn.functional as F

GAMMA, BATCH, SYNC, EPISODES = 0.9, 32, 60, 70


class Corridor:
    """Start in the middle; the right end pays 1 and ends the episode, the left end pays 0.1."""
    size, limit = 11, 40

    def reset(self):
        self.pos = self.size // 2
        return self.obs()

    def obs(self):
        return F.one_hot(torch.tensor(self.pos), self.size).float()

    def step(self, a):
        self.pos += 1 if a == 1 else -1
        done = self.pos in (0, self.size - 1)
        reward = {0: 0.1, self.size - 1: 1.0}.get(self.pos, 0.0)
        return self.obs(), reward, done


class Agent:
    def __init__(self, n):
        self.q = nn.Sequential(nn.Linear(n, 32), nn.ReLU(), nn.Linear(32, 2))
        self.target = deepcopy(self.q).requires_grad_(False)
        self.opt = torch.optim.Adam(self.q.parameters(), lr=5e-3)
        self.memory = deque(maxlen=2000)

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(2)
        with torch.no_grad():
            return self.q(s).argmax().item()

    def learn(self):
        if len(self.memory) < BATCH:
            return
        s, a, r, s2, d = zip(*random.sample(self.memory, BATCH))
        s, s2 = torch.stack(s), torch.stack(s2)
        a, r, d = torch.tensor(a), torch.tensor(r), torch.tensor(d, dtype=torch.float32)
        goal = r + GAMMA * (1 - d) * self.target(s2).max(1).values
        pred = self.q(s).gather(1, a[:, None]).squeeze(1)
        self.opt.zero_grad()
        F.smooth_l1_loss(pred, goal).backward()
        self.opt.step()

    def sync(self):
        self.target.load_state_dict(self.q.state_dict())


random.seed(0)
torch.manual_seed(0)
env, agent = Corridor(), Agent(Corridor.size)
steps = 0
for episode in range(EPISODES):
    s = env.reset()
    eps = max(0.1, 1 - episode / 40)
    for t in range(1, env.limit + 1):
        steps += 1
        a = agent.act(s, eps)
        s2, r, done = env.step(a)
        agent.memory.append((s, a, r, s2, done))
        agent.learn()
        if t % SYNC == 0:
            agent.sync()
        s = s2
        if done:
            break

s, ret, k = env.reset(), 0.0, 0
while k < env.limit:
    s, r, done = env.step(agent.act(s, 0.0))
    ret += GAMMA ** k * r
    k += 1
    if done:
        break
print("greedy episode: %d moves, discounted return %.3f after %d training steps" % (k, ret, steps))
with torch.no_grad():
    print("value of the start state %.3f" % agent.q(env.reset()).max())

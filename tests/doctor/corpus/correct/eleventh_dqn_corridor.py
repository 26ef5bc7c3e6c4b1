# Double DQN in a corridor: walk right for the treasure, left for a small coin.
import random
from collections import deque

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(14)
torch.manual_seed(14)

LENGTH, MAX_STEPS, GAMMA = 9, 30, 0.95


class Corridor:
    def reset(self):
        self.pos, self.t = 3, 0
        return self.obs()

    def obs(self):
        return F.one_hot(torch.tensor(self.pos), LENGTH).float()

    def step(self, action):
        self.pos += 1 if action == 1 else -1
        self.t += 1
        reward = {0: 0.1, LENGTH - 1: 1.0}.get(self.pos, 0.0)
        terminal = self.pos in (0, LENGTH - 1)
        return self.obs(), reward, terminal, self.t >= MAX_STEPS


def build():
    return nn.Sequential(nn.Linear(LENGTH, 32), nn.ReLU(), nn.Linear(32, 2))


q, q_target = build(), build()
q_target.load_state_dict(q.state_dict())
q_target.requires_grad_(False)
opt = torch.optim.Adam(q.parameters(), lr=3e-3)
memory = deque(maxlen=3000)


def learn(batch_size=32):
    batch = random.sample(memory, batch_size)
    s, a, r, s2, done = zip(*batch)
    s, s2 = torch.stack(s), torch.stack(s2)
    a = torch.tensor(a).unsqueeze(1)
    r = torch.tensor(r)
    done = torch.tensor(done, dtype=torch.float32)
    with torch.no_grad():
        best = q(s2).argmax(1, keepdim=True)
        target = r + GAMMA * (1 - done) * q_target(s2).gather(1, best).squeeze(1)
    loss = F.smooth_l1_loss(q(s).gather(1, a).squeeze(1), target)
    opt.zero_grad()
    loss.backward()
    opt.step()


def greedy_return():
    env = Corridor()
    s, total, discount = env.reset(), 0.0, 1.0
    with torch.no_grad():
        while True:
            s, r, terminal, cut = env.step(q(s).argmax().item())
            total += discount * r
            discount *= GAMMA
            if terminal or cut:
                return total


env, steps = Corridor(), 0
for episode in range(1, 121):
    s = env.reset()
    eps = max(0.1, 1 - episode / 60)
    while True:
        if random.random() < eps:
            a = random.randrange(2)
        else:
            with torch.no_grad():
                a = q(s).argmax().item()
        s2, r, terminal, cut = env.step(a)
        memory.append((s, a, r, s2, terminal))   # running out of time is not a terminal state
        s = s2
        steps += 1
        if len(memory) >= 100:
            learn()
        if steps % 50 == 0:
            q_target.load_state_dict(q.state_dict())
        if terminal or cut:
            break
    if episode % 30 == 0:
        print(f"episode {episode}: greedy return {greedy_return():.3f}, best possible {GAMMA ** 4:.3f}")

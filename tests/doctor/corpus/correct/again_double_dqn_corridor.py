"""Double DQN with replay and a target network on a small corridor with a key (termination vs truncation kept apart)."""
import copy
import random
from collections import deque

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SEED, GAMMA, BATCH = 4, 0.97, 64
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)


class Corridor:
    """Start in the middle, fetch the key at the left end, then leave on the right end."""

    N, LIMIT = 7, 40

    def reset(self):
        self.pos, self.key, self.t = self.N // 2, 0, 0
        return self.obs()

    def obs(self):
        return np.array([2 * self.pos / (self.N - 1) - 1, float(self.key)], dtype=np.float32)

    def step(self, action):
        self.t += 1
        self.pos = min(max(self.pos + (1 if action == 1 else -1), 0), self.N - 1)
        reward, terminated = -0.02, False
        if self.pos == 0 and not self.key:
            self.key, reward = 1, 0.3
        if self.pos == self.N - 1 and self.key:
            reward, terminated = 1.0, True
        return self.obs(), reward, terminated, self.t >= self.LIMIT and not terminated


def qnet():
    return nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))


def act(q, obs, eps):
    if random.random() < eps:
        return random.randrange(2)
    with torch.no_grad():
        return int(q(torch.from_numpy(obs)).argmax())


def learn(q, target, opt, buffer):
    s, a, r, s2, term = zip(*random.sample(buffer, BATCH))
    s, s2 = torch.from_numpy(np.stack(s)), torch.from_numpy(np.stack(s2))
    a, r = torch.tensor(a).unsqueeze(1), torch.tensor(r, dtype=torch.float32)
    term = torch.tensor(term, dtype=torch.float32)
    with torch.no_grad():
        best = q(s2).argmax(1, keepdim=True)  # chosen online, valued by the target net
        y = r + GAMMA * (1 - term) * target(s2).gather(1, best).squeeze(1)
    loss = F.smooth_l1_loss(q(s).gather(1, a).squeeze(1), y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(q.parameters(), 10.0)
    opt.step()
    return loss.item()


def greedy_return(q, env):
    obs, total, done = env.reset(), 0.0, False
    while not done:
        obs, r, term, trunc = env.step(act(q, obs, 0.0))
        total += r
        done = term or trunc
    return total


env, q = Corridor(), qnet()
target = copy.deepcopy(q).requires_grad_(False)
opt = torch.optim.Adam(q.parameters(), lr=2e-3)
buffer, steps = deque(maxlen=5000), 0
for episode in range(1, 61):
    obs, done = env.reset(), False
    eps = max(0.05, 1.0 - episode / 35)
    while not done:
        a = act(q, obs, eps)
        nxt, r, term, trunc = env.step(a)
        buffer.append((obs, a, r, nxt, float(term)))  # a time-out still bootstraps
        obs, done = nxt, term or trunc
        steps += 1
        if len(buffer) >= 200 and steps % 2 == 0:
            learn(q, target, opt, buffer)
        if steps % 100 == 0:
            target.load_state_dict(q.state_dict())
    if episode % 20 == 0:
        print(f"episode {episode}: eps {eps:.2f} greedy return {greedy_return(q, Corridor()):.2f}")

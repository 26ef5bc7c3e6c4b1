import copy
import random
from collections import deque
from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Cfg:
    length: int = 8
    gamma: float = 0.95
    lr: float = 5e-3
    batch: int = 32
    sync_every: int = 50
    episodes: int = 60
    max_steps: int = 40


class Corridor:
    """Walk right to the exit (+1); falling off on the left ends the episode with -1."""

    def __init__(self, n):
        self.n = n

    def reset(self):
        self.pos = self.n // 2
        return self.obs()

    def obs(self):
        v = torch.zeros(self.n)
        v[self.pos] = 1.0
        return v

    def step(self, a):
        self.pos += 1 if a == 1 else -1
        if self.pos >= self.n - 1:
            self.pos = self.n - 1
            return self.obs(), 1.0, True
        if self.pos <= 0:
            self.pos = 0
            return self.obs(), -1.0, True
        return self.obs(), 0.0, False


class Agent:
    def __init__(self, cfg):
        self.cfg = cfg
        self.q = nn.Sequential(nn.Linear(cfg.length, 32), nn.ReLU(), nn.Linear(32, 2))
        self.q_target = copy.deepcopy(self.q).requires_grad_(False)
        self.opt = torch.optim.Adam(self.q.parameters(), lr=cfg.lr)
        self.memory = deque(maxlen=2000)
        self.updates = 0

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(2)
        with torch.no_grad():
            return self.q(s).argmax().item()

    def learn(self):
        cfg = self.cfg
        if len(self.memory) < cfg.batch:
            return
        s, a, r, s2, done = zip(*random.sample(self.memory, cfg.batch))
        s, s2 = torch.stack(s), torch.stack(s2)
        a, r = torch.tensor(a), torch.tensor(r)
        alive = 1.0 - torch.tensor(done, dtype=torch.float32)
        with torch.no_grad():
            target = r + cfg.gamma * alive * self.q_target(s2).max(1).values
        q_sa = self.q(s).gather(1, a.unsqueeze(1)).squeeze(1)
        loss = nn.functional.smooth_l1_loss(q_sa, target)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.updates += 1
        if self.updates % cfg.sync_every == 0:
            self.q_target.load_state_dict(self.q.state_dict())


random.seed(0)
torch.manual_seed(0)
cfg = Cfg()
env, agent = Corridor(cfg.length), Agent(cfg)
for ep in range(cfg.episodes):
    s, eps = env.reset(), max(0.1, 1.0 - ep / 40)
    for _ in range(cfg.max_steps):
        a = agent.act(s, eps)
        s2, r, done = env.step(a)
        agent.memory.append((s, a, r, s2, done))
        s = s2
        agent.learn()
        if done:
            break
with torch.no_grad():
    print("value of going right at the start:", agent.q(env.reset())[1].item(), "true", cfg.gamma ** (cfg.length - 2 - cfg.length // 2))

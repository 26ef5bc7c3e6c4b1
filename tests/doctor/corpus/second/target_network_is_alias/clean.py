import copy
import numpy as np
import torch
from torch import nn


class Replay:
    def __init__(self, cap, dim, rng):
        self.s = np.zeros((cap, dim), np.float32)
        self.s2 = np.zeros((cap, dim), np.float32)
        self.a = np.zeros(cap, np.int64)
        self.r = np.zeros(cap, np.float32)
        self.d = np.zeros(cap, np.float32)
        self.cap, self.n, self.i, self.rng = cap, 0, 0, rng

    def add(self, s, a, r, s2, d):
        i = self.i
        self.s[i], self.a[i], self.r[i], self.s2[i], self.d[i] = s, a, r, s2, d
        self.i = (i + 1) % self.cap
        self.n = min(self.n + 1, self.cap)

    def sample(self, k):
        j = self.rng.integers(0, self.n, k)
        return [torch.from_numpy(v[j]) for v in (self.s, self.a, self.r, self.s2, self.d)]


class Thermostat:
    """Keep a drifting temperature near zero; actions: cool, off, heat."""

    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        self.x, self.t = self.rng.uniform(-1, 1), 0
        return np.array([self.x, self.t / 20], np.float32)

    def step(self, a):
        self.x += 0.3 * (a - 1) + 0.1 * self.rng.normal()
        self.t += 1
        done = abs(self.x) > 2 or self.t == 20
        return np.array([self.x, self.t / 20], np.float32), 1 - self.x ** 2, done


class DQN:
    def __init__(self, sync_every=100, gamma=0.9):
        self.policy_net = nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
        self.target_net = copy.deepcopy(self.policy_net)
        self.opt = torch.optim.Adam(self.policy_net.parameters(), lr=1e-3)
        self.sync_every, self.gamma, self.updates = sync_every, gamma, 0

    def update(self, batch):
        s, a, r, s2, d = batch
        q = self.policy_net(s).gather(1, a[:, None])[:, 0]
        with torch.no_grad():
            y = r + self.gamma * (1 - d) * self.target_net(s2).amax(1)
        loss = nn.functional.huber_loss(q, y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.updates += 1
        if self.updates % self.sync_every == 0:
            self.target_net.load_state_dict(self.policy_net.state_dict())
        return loss.item()


rng = np.random.default_rng(1)
torch.manual_seed(1)
env, dqn, mem = Thermostat(rng), DQN(), Replay(3000, 2, rng)
returns = []
for ep in range(60):
    s, total, done = env.reset(), 0.0, False
    eps = max(0.05, 1 - ep / 40)
    while not done:
        if rng.random() < eps:
            a = int(rng.integers(3))
        else:
            with torch.no_grad():
                a = int(dqn.policy_net(torch.from_numpy(s)).argmax())
        s2, r, done = env.step(a)
        mem.add(s, a, r, s2, float(done))
        s, total = s2, total + r
        if mem.n >= 100:
            dqn.update(mem.sample(32))
    returns.append(total)
print("mean return, last 10 episodes:", round(float(np.mean(returns[-10:])), 2))

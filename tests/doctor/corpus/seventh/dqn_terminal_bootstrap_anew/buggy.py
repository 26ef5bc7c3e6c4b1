import copy
import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn

Step = namedtuple("Step", "s a r s2 done")


class Corridor:
    """Nine cells, start in the middle. Left exit pays 0.4, right exit pays 1.0, every move costs 0.02."""

    size = 9

    def reset(self):
        self.pos = self.size // 2
        return self._obs()

    def _obs(self):
        v = np.zeros(self.size, dtype=np.float32)
        v[self.pos] = 1.0
        return v

    def step(self, action):
        self.pos += 1 if action == 1 else -1
        if self.pos == 0:
            return self._obs(), 0.4, True
        if self.pos == self.size - 1:
            return self._obs(), 1.0, True
        return self._obs(), -0.02, False


class Agent:
    gamma = 0.9

    def __init__(self, n_obs, n_act, lr=2e-3):
        self.q = nn.Sequential(nn.Linear(n_obs, 32), nn.ReLU(), nn.Linear(32, n_act))
        self.q_target = copy.deepcopy(self.q).requires_grad_(False)
        self.opt = torch.optim.Adam(self.q.parameters(), lr=lr)
        self.buffer = deque(maxlen=4000)
        self.n_act = n_act

    def act(self, obs, eps):
        if random.random() < eps:
            return random.randrange(self.n_act)
        with torch.no_grad():
            return int(self.q(torch.from_numpy(obs)).argmax())

    def sample(self, n):
        s, a, r, s2, done = zip(*random.sample(self.buffer, n))
        as_f = lambda seq: torch.as_tensor(np.asarray(seq, dtype=np.float32))
        return as_f(s), torch.tensor(a), as_f(r), as_f(s2), as_f(done)

    def learn(self, n=32):
        s, a, r, s2, done = self.sample(n)
        with torch.no_grad():
            best = self.q_target(s2).max(dim=1).values
            target = r + self.gamma * best
        value = self.q(s).gather(1, a.unsqueeze(1)).squeeze(1)
        loss = nn.functional.smooth_l1_loss(value, target)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()

    def sync(self):
        self.q_target.load_state_dict(self.q.state_dict())


def seed_all(s):
    random.seed(s)
    np.random.seed(s)
    torch.manual_seed(s)


def main(steps=1800, warm=100, sync_every=60):
    seed_all(4)
    env, agent = Corridor(), Agent(Corridor.size, 2)
    obs = env.reset()
    for t in range(steps):
        eps = max(0.1, 1.0 - t / 900)
        a = agent.act(obs, eps)
        nxt, r, done = env.step(a)
        agent.buffer.append(Step(obs, a, r, nxt, done))
        obs = env.reset() if done else nxt
        if t >= warm:
            agent.learn()
        if t % sync_every == 0:
            agent.sync()
    with torch.no_grad():
        table = agent.q(torch.eye(Corridor.size))
    for cell in range(1, Corridor.size - 1):
        left, right = table[cell].tolist()
        print(f"cell {cell}: Q(left) {left:.2f}  Q(right) {right:.2f}")


main()

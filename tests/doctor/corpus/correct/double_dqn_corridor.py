import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn

random.seed(0), np.random.seed(0), torch.manual_seed(0)
Transition = namedtuple("Transition", "s a r s2 terminal")


class Corridor:
    """Walk right to the goal; a time limit cuts the episode without ending the task."""
    n, limit = 8, 30

    def reset(self):
        self.pos, self.t = random.randrange(3), 0
        return self._obs()

    def _obs(self):
        o = np.zeros(self.n, dtype=np.float32)
        o[self.pos] = 1
        return o

    def step(self, a):
        self.t += 1
        self.pos = max(0, self.pos - 1) if a == 0 else self.pos + 1
        terminal = self.pos == self.n - 1
        return self._obs(), (1.0 if terminal else -0.02), terminal, self.t >= self.limit


class Replay:
    def __init__(self, cap):
        self.buf = deque(maxlen=cap)

    def push(self, *a):
        self.buf.append(Transition(*a))

    def sample(self, k):
        b = Transition(*zip(*random.sample(self.buf, k)))
        return (torch.from_numpy(np.stack(b.s)), torch.tensor(b.a).unsqueeze(1), torch.tensor(b.r),
                torch.from_numpy(np.stack(b.s2)), torch.tensor(b.terminal, dtype=torch.float32))


def q_net():
    return nn.Sequential(nn.Linear(Corridor.n, 32), nn.ReLU(), nn.Linear(32, 2))


online, target = q_net(), q_net()
target.load_state_dict(online.state_dict())
opt = torch.optim.Adam(online.parameters(), lr=2e-3)
huber = nn.SmoothL1Loss()
mem, env, gamma, steps = Replay(5000), Corridor(), 0.95, 0

for episode in range(70):
    s, done, ret = env.reset(), False, 0.0
    eps = max(0.05, 1.0 - episode / 40)
    while not done:
        if random.random() < eps:
            a = random.randrange(2)
        else:
            with torch.no_grad():
                a = online(torch.from_numpy(s)).argmax().item()
        s2, r, terminal, timeout = env.step(a)
        mem.push(s, a, r, s2, terminal)      # a time-out still bootstraps
        s, done, ret, steps = s2, terminal or timeout, ret + r, steps + 1
        if len(mem.buf) < 100:
            continue
        bs, ba, br, bs2, bt = mem.sample(32)
        q = online(bs).gather(1, ba).squeeze(1)
        with torch.no_grad():
            best_a = online(bs2).argmax(1, keepdim=True)
            y = br + gamma * (1 - bt) * target(bs2).gather(1, best_a).squeeze(1)
        loss = huber(q, y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(online.parameters(), 1.0)
        opt.step()
        if steps % 100 == 0:
            target.load_state_dict(online.state_dict())
    if episode % 10 == 9:
        print(f"episode {episode + 1}: return {ret:.2f}, eps {eps:.2f}")

with torch.no_grad():
    print("greedy policy:", online(torch.eye(Corridor.n)[:-1]).argmax(1).tolist())

import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn

Transition = namedtuple("Transition", "state action reward next_state done")


class CartOnTrack:
    """Position/velocity are kept in one preallocated array which is updated in place."""

    def __init__(self):
        self.state = np.zeros(2, dtype=np.float32)

    def reset(self):
        self.state[:] = np.random.uniform(-0.5, 0.5, size=2)
        return self.state

    def step(self, action):
        self.state[1] = 0.9 * self.state[1] + 0.1 * (action - 1)
        self.state[0] += self.state[1]
        done = bool(abs(self.state[0]) > 2)
        return self.state, -abs(float(self.state[0])), done


class ReplayMemory:
    def __init__(self, capacity):
        self.data = deque(maxlen=capacity)

    def push(self, *args):
        self.data.append(Transition(*args))

    def sample(self, n):
        b = Transition(*zip(*random.sample(self.data, n)))
        return (
            torch.as_tensor(np.stack(b.state)),
            torch.as_tensor(b.action),
            torch.as_tensor(b.reward, dtype=torch.float32),
            torch.as_tensor(np.stack(b.next_state)),
            torch.as_tensor(b.done, dtype=torch.float32),
        )


random.seed(1); np.random.seed(1); torch.manual_seed(1)
env, memory = CartOnTrack(), ReplayMemory(5000)
net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 3))
frozen = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 3))
frozen.load_state_dict(net.state_dict())
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
losses, step = [], 0
for ep in range(15):
    s = env.reset().copy()
    for _ in range(40):
        eps = max(0.1, 1 - step / 400)
        with torch.no_grad():
            greedy = int(net(torch.from_numpy(s)).argmax())
        a = random.randrange(3) if random.random() < eps else greedy
        s2, r, done = env.step(a)
        s2 = s2.copy()
        memory.push(s, a, r, s2, done)
        s = s2
        step += 1
        if len(memory.data) >= 64:
            bs, ba, br, bs2, bd = memory.sample(32)
            with torch.no_grad():
                y = br + 0.95 * (1 - bd) * frozen(bs2).max(1)[0]
            loss = ((net(bs).gather(1, ba[:, None])[:, 0] - y) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
            losses.append(loss.item())
        if step % 100 == 0:
            frozen.load_state_dict(net.state_dict())
        if done:
            break
print("steps", step, "mean td loss", sum(losses[-50:]) / len(losses[-50:]))

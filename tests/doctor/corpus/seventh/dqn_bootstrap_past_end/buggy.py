import random
from collections import deque

import torch
import torch.nn as nn

# Eight-cell corridor. Cell 0 pays 0.2, cell 7 pays 1.0, both end the game.
N, GAMMA, BATCH, SYNC = 8, 0.95, 64, 40
random.seed(3)
torch.manual_seed(3)


class Corridor:
    def reset(self):
        self.s = random.randint(1, N - 2)
        return self.s

    def step(self, a):
        self.s += 1 if a == 1 else -1
        if self.s == 0:
            return self.s, 0.2, True
        if self.s == N - 1:
            return self.s, 1.0, True
        return self.s, -0.02, False


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(N, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, s):
        return self.f(nn.functional.one_hot(s, N).float())


class Replay:
    def __init__(self, size):
        self.d = deque(maxlen=size)

    def push(self, *t):
        self.d.append(t)

    def sample(self, k):
        s, a, r, s2, end = zip(*random.sample(self.d, k))
        return (torch.tensor(s), torch.tensor(a), torch.tensor(r),
                torch.tensor(s2), torch.tensor(end, dtype=torch.float32))


q, q_old = QNet(), QNet()
q_old.load_state_dict(q.state_dict())
q_old.requires_grad_(False)
opt = torch.optim.Adam(q.parameters(), lr=3e-3)
huber = nn.SmoothL1Loss()
mem = Replay(5000)


def learn():
    s, a, r, s2, end = mem.sample(BATCH)
    with torch.no_grad():
        y = r + GAMMA * q_old(s2).max(dim=1).values
    pred = q(s).gather(1, a.unsqueeze(1)).squeeze(1)
    loss = huber(pred, y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(q.parameters(), 10.0)
    opt.step()
    return loss.item()


env, ticks = Corridor(), 0
for ep in range(160):
    eps = max(0.05, 1 - ep / 80)
    s, over, loss, length = env.reset(), False, 0.0, 0
    while not over and length < 40:
        if random.random() < eps:
            a = random.randrange(2)
        else:
            with torch.no_grad():
                a = q(torch.tensor([s])).argmax(1).item()
        s2, r, over = env.step(a)
        mem.push(s, a, r, s2, float(over))
        s = s2
        ticks += 1
        length += 1
        if len(mem.d) >= BATCH:
            loss = learn()
        if ticks % SYNC == 0:
            q_old.load_state_dict(q.state_dict())
    if ep % 20 == 0:
        print(f"ep {ep:3d} len {length:2d} eps {eps:.2f} loss {loss:.4f}")

with torch.no_grad():
    table = q(torch.arange(1, N - 1))
print("greedy moves", table.argmax(1).tolist())
print("best values", [round(v, 2) for v in table.max(1).values.tolist()])

"""Double DQN with replay memory and a soft-updated target network on a 4x4 grid."""
import copy
import random
from collections import namedtuple

import torch
from torch import nn, optim

Transition = namedtuple("Transition", "state action next_state reward done")
SEED, GAMMA, TAU, BATCH = 5, 0.95, 0.02, 64
random.seed(SEED)
torch.manual_seed(SEED)


class Grid:
    SIZE, GOAL, HOLES = 4, (3, 3), {(1, 1), (2, 3)}
    MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]

    def reset(self):
        self.rc, self.steps = (0, 0), 0
        return self.encode()

    def encode(self):
        s = torch.zeros(self.SIZE * self.SIZE)
        s[self.rc[0] * self.SIZE + self.rc[1]] = 1
        return s

    def step(self, a):
        dr, dc = self.MOVES[a]
        clip = lambda v: min(max(v, 0), self.SIZE - 1)
        self.rc = clip(self.rc[0] + dr), clip(self.rc[1] + dc)
        self.steps += 1
        if self.rc == self.GOAL:
            return self.encode(), 1.0, True, False
        if self.rc in self.HOLES:
            return self.encode(), -1.0, True, False
        return self.encode(), -0.01, False, self.steps >= 25


class Replay:
    def __init__(self, capacity):
        self.data, self.capacity, self.i = [], capacity, 0

    def push(self, *args):
        t = Transition(*args)
        if len(self.data) < self.capacity:
            self.data.append(t)
        else:
            self.data[self.i] = t
        self.i = (self.i + 1) % self.capacity

    def sample(self, n):
        b = Transition(*zip(*random.sample(self.data, n)))
        return Transition(torch.stack(b.state), torch.tensor(b.action), torch.stack(b.next_state),
                          torch.tensor(b.reward), torch.tensor(b.done, dtype=torch.float32))


class Dueling(nn.Module):
    def __init__(self, n_in, n_act, h=48):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, h), nn.ReLU())
        self.value, self.adv = nn.Linear(h, 1), nn.Linear(h, n_act)

    def forward(self, x):
        h = self.body(x)
        a = self.adv(h)
        return self.value(h) + a - a.mean(-1, keepdim=True)


online = Dueling(16, 4)
target = copy.deepcopy(online).requires_grad_(False)
optimizer = optim.AdamW(online.parameters(), lr=2e-3, amsgrad=True)
memory, env = Replay(2000), Grid()


def act(state, eps):
    if random.random() < eps:
        return random.randrange(4)
    with torch.no_grad():
        return online(state).argmax().item()


def learn():
    b = memory.sample(BATCH)
    q = online(b.state).gather(1, b.action.unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        best = online(b.next_state).argmax(1, keepdim=True)          # chosen by one net,
        q_next = target(b.next_state).gather(1, best).squeeze(1)      # judged by the other
        y = b.reward + GAMMA * (1 - b.done) * q_next                  # a time limit isn't a terminal state
    loss = nn.functional.smooth_l1_loss(q, y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(online.parameters(), 10)
    optimizer.step()
    with torch.no_grad():
        for t, o in zip(target.parameters(), online.parameters()):
            t.mul_(1 - TAU).add_(o, alpha=TAU)


def greedy_return():
    s, total, over = env.reset(), 0.0, False
    while not over:
        s, r, done, cut = env.step(act(s, 0.0))
        total, over = total + r, done or cut
    return total


step = 0
for episode in range(1, 121):
    s, over = env.reset(), False
    while not over:
        eps = max(0.05, 1.0 - step / 500)
        a = act(s, eps)
        s2, r, done, cut = env.step(a)
        memory.push(s, a, s2, r, done)
        s, over, step = s2, done or cut, step + 1
        if len(memory.data) >= 2 * BATCH:
            learn()
    if episode % 30 == 0:
        print(f"episode {episode} steps {step} eps {eps:.2f} greedy return {greedy_return():.2f}")

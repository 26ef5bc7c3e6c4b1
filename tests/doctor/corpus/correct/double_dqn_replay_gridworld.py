import random
from collections import deque, namedtuple

import torch
import torch.nn as nn

Transition = namedtuple("Transition", "state action reward next_state done")


class ReplayMemory:
    def __init__(self, capacity):
        self.memory = deque(maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, n):
        rows = random.sample(self.memory, n)
        batch = Transition(*zip(*rows))
        return (
            torch.stack(batch.state),
            torch.tensor(batch.action).unsqueeze(1),
            torch.tensor(batch.reward, dtype=torch.float32),
            torch.stack(batch.next_state),
            torch.tensor(batch.done, dtype=torch.float32),
        )

    def __len__(self):
        return len(self.memory)


class Grid:
    MOVES = [(0, 1), (0, -1), (1, 0), (-1, 0)]

    def __init__(self, size=4):
        self.size = size

    def reset(self):
        self.at = (0, 0)
        self.t = 0
        return self.state()

    def state(self):
        s = torch.zeros(self.size, self.size)
        s[self.at] = 1
        return s.flatten()

    def step(self, a):
        dr, dc = self.MOVES[a]
        r = min(max(self.at[0] + dr, 0), self.size - 1)
        c = min(max(self.at[1] + dc, 0), self.size - 1)
        self.at = (r, c)
        self.t += 1
        goal = self.at == (self.size - 1, self.size - 1)
        return self.state(), 1.0 if goal else -0.02, goal, self.t >= 40


def dueling(n_in, n_out):
    class Dueling(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(n_in, 64), nn.ReLU())
            self.adv = nn.Linear(64, n_out)
            self.val = nn.Linear(64, 1)

        def forward(self, s):
            h = self.body(s)
            a = self.adv(h)
            return self.val(h) + a - a.mean(dim=1, keepdim=True)

    return Dueling()


GAMMA, BATCH, SYNC = 0.97, 32, 50
random.seed(0)
torch.manual_seed(0)
policy_net, target_net = dueling(16, 4), dueling(16, 4)
target_net.load_state_dict(policy_net.state_dict())
target_net.eval()
optimizer = torch.optim.Adam(policy_net.parameters(), lr=1e-3)
memory, env, steps = ReplayMemory(2000), Grid(), 0


def select(state, eps):
    if random.random() < eps:
        return random.randrange(4)
    with torch.no_grad():
        return policy_net(state.unsqueeze(0)).argmax(1).item()


def optimise():
    if len(memory) < BATCH:
        return
    s, a, r, s2, d = memory.sample(BATCH)
    q = policy_net(s).gather(1, a).squeeze(1)
    with torch.no_grad():
        best = policy_net(s2).argmax(1, keepdim=True)
        target = r + GAMMA * (1 - d) * target_net(s2).gather(1, best).squeeze(1)
    loss = nn.functional.smooth_l1_loss(q, target)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(policy_net.parameters(), 10)
    optimizer.step()


for episode in range(15):
    state, total, over = env.reset(), 0.0, False
    eps = max(0.05, 0.9 * 0.85**episode)
    while not over:
        action = select(state, eps)
        nxt, reward, terminal, timeout = env.step(action)
        memory.push(state, action, reward, nxt, terminal)
        state, total, over = nxt, total + reward, terminal or timeout
        optimise()
        steps += 1
        if steps % SYNC == 0:
            target_net.load_state_dict(policy_net.state_dict())
    print(f"episode {episode} return {total:.2f} eps {eps:.2f}")

import collections, random
import numpy as np
import torch
import torch.nn as nn


class Corridor:
    """Walk 6 cells. The left exit pays 0.3, the right exit pays 1, each step costs 0.02."""
    N = 6

    def reset(self):
        self.pos, self.t = random.randrange(self.N), 0
        return self.obs()

    def obs(self):
        o = np.zeros(self.N + 2, dtype=np.float32)
        o[self.pos + 1] = 1.0
        return o

    def step(self, action):
        self.pos += 1 if action == 1 else -1
        if self.pos < 0:
            return self.obs(), 0.3, True
        if self.pos >= self.N:
            return self.obs(), 1.0, True
        return self.obs(), -0.02, False


Transition = collections.namedtuple("Transition", "s a r s2 done")


class Agent:
    gamma = 0.95

    def __init__(self):
        make = lambda: nn.Sequential(nn.Linear(Corridor.N + 2, 32), nn.ReLU(), nn.Linear(32, 2))
        self.q, self.target = make(), make()
        self.target.load_state_dict(self.q.state_dict())
        self.opt = torch.optim.Adam(self.q.parameters(), lr=2e-3)
        self.memory = collections.deque(maxlen=2000)
        self.updates = 0

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(2)
        with torch.no_grad():
            return int(self.q(torch.from_numpy(s)).argmax())

    def learn(self, batch_size=32):
        if len(self.memory) < 200:
            return
        b = Transition(*zip(*random.sample(self.memory, batch_size)))
        s = torch.from_numpy(np.stack(b.s))
        s2 = torch.from_numpy(np.stack(b.s2))
        a = torch.tensor(b.a).unsqueeze(1)
        r = torch.tensor(b.r, dtype=torch.float32)
        done = torch.tensor(b.done, dtype=torch.float32)
        with torch.no_grad():
            best = self.target(s2).max(dim=1).values
            y = r + self.gamma * best * (1 - done)
        loss = nn.functional.smooth_l1_loss(self.q(s).gather(1, a).squeeze(1), y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.updates += 1
        if self.updates % 50 == 0:
            self.target.load_state_dict(self.q.state_dict())


random.seed(0)
torch.manual_seed(0)
env, agent = Corridor(), Agent()
for episode in range(250):
    s, done, steps = env.reset(), False, 0
    while not done and steps < 30:
        a = agent.act(s, eps=max(0.1, 1 - episode / 100))
        s2, r, done = env.step(a)
        agent.memory.append(Transition(s, a, r, s2, done))
        agent.learn()
        s, steps = s2, steps + 1

score = []
for start in range(Corridor.N):
    env.reset()
    env.pos = start
    s, done, ret, steps = env.obs(), False, 0.0, 0
    while not done and steps < 30:
        s, r, done = env.step(agent.act(s, eps=0.0))
        ret, steps = ret + r, steps + 1
    score.append(round(ret, 2))
print("greedy return per start:", score, "updates", agent.updates)
with torch.no_grad():
    print("largest Q value", agent.q(torch.eye(Corridor.N + 2)[1:-1]).max().item())

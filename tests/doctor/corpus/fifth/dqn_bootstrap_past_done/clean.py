import collections
import copy
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

Transition = collections.namedtuple("Transition", "s a r s2 d")


class Pole:
    """One-dimensional balancing: +1 for every step on which |angle| stays below 1."""

    def reset(self):
        self.x, self.v, self.t = random.uniform(-0.1, 0.1), 0.0, 0
        return self._obs()

    def _obs(self):
        return torch.tensor([self.x, self.v])

    def step(self, a):
        push = 0.08 if a == 1 else -0.08
        self.v = 0.9 * self.v + 0.06 * self.x + push + random.gauss(0, 0.02)
        self.x += self.v
        self.t += 1
        terminated = abs(self.x) > 1
        truncated = self.t >= 40
        return self._obs(), 1.0, terminated, truncated


class Replay:
    def __init__(self, capacity):
        self.data = collections.deque(maxlen=capacity)

    def push(self, *args):
        self.data.append(Transition(*args))

    def __len__(self):
        return len(self.data)

    def draw(self, n):
        batch = Transition(*zip(*random.sample(self.data, n)))
        return (torch.stack(batch.s), torch.tensor(batch.a), torch.tensor(batch.r),
                torch.stack(batch.s2), torch.tensor(batch.d, dtype=torch.float32))


class Agent:
    def __init__(self, n_obs, n_act, gamma=0.95, lr=2e-3):
        self.q = nn.Sequential(nn.Linear(n_obs, 48), nn.ReLU(), nn.Linear(48, n_act))
        self.target = copy.deepcopy(self.q).requires_grad_(False)
        self.opt = torch.optim.Adam(self.q.parameters(), lr=lr)
        self.gamma, self.n_act = gamma, n_act

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(self.n_act)
        with torch.no_grad():
            return int(self.q(s.unsqueeze(0)).argmax(1))

    def learn(self, s, a, r, s2, d):
        with torch.no_grad():
            best = self.q(s2).argmax(1, keepdim=True)            # double DQN
            nxt = self.target(s2).gather(1, best).squeeze(1)
            td = r + self.gamma * (1 - d) * nxt
        q = self.q(s).gather(1, a.unsqueeze(1)).squeeze(1)
        loss = F.smooth_l1_loss(q, td)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()

    def sync(self):
        self.target.load_state_dict(self.q.state_dict())


random.seed(3)
torch.manual_seed(3)
env, memory, agent = Pole(), Replay(5000), Agent(2, 2)
steps, returns = 0, []
for episode in range(150):
    s, total = env.reset(), 0.0
    eps = max(0.05, 1.0 - episode / 80)
    while True:
        a = agent.act(s, eps)
        s2, r, terminated, truncated = env.step(a)
        memory.push(s, a, r, s2, terminated)
        s, total, steps = s2, total + r, steps + 1
        if len(memory) >= 200 and steps % 2 == 0:
            agent.learn(*memory.draw(32))
        if steps % 100 == 0:
            agent.sync()
        if terminated or truncated:
            break
    returns.append(total)
print("mean return of the last 20 episodes", sum(returns[-20:]) / 20)
with torch.no_grad():
    print("value near the centre", agent.q(env.reset().unsqueeze(0)).max().item())

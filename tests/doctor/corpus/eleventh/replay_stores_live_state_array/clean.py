import copy
import random
from collections import namedtuple, deque

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

Transition = namedtuple("Transition", "state action reward next_state")


class CartOnRail:
    """Push a cart to the middle of the rail. state = (position, velocity)"""

    def __init__(self, rng, horizon=30):
        self.rng = rng
        self.horizon = horizon
        self.state = np.zeros(2, dtype=np.float32)

    def observation(self):
        return self.state.copy()

    def reset(self):
        self.t = 0
        self.state[0] = self.rng.uniform(-1, 1)
        self.state[1] = 0.0
        return self.observation()

    def step(self, action):
        self.state[1] = 0.8 * self.state[1] + (0.05 if action == 1 else -0.05)
        self.state[0] = np.clip(self.state[0] + self.state[1], -1, 1)
        self.t += 1
        return self.observation(), -abs(float(self.state[0])), self.t >= self.horizon


class DQNAgent:
    gamma, batch, tau = 0.95, 64, 0.02

    def __init__(self):
        self.q = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
        self.q_target = copy.deepcopy(self.q)
        self.opt = torch.optim.Adam(self.q.parameters(), lr=2e-3)
        self.memory = deque(maxlen=5000)

    def act(self, state, eps):
        if random.random() < eps:
            return random.randrange(2)
        with torch.no_grad():
            return int(self.q(torch.as_tensor(state)).argmax())

    def learn(self):
        if len(self.memory) < 200:
            return
        b = Transition(*zip(*random.sample(self.memory, self.batch)))
        s, s2 = (torch.as_tensor(np.stack(v)) for v in (b.state, b.next_state))
        with torch.no_grad():  # time limit only, nothing terminal: always bootstrap
            y = torch.tensor(b.reward) + self.gamma * self.q_target(s2).max(1)[0]
        loss = F.mse_loss(self.q(s).gather(1, torch.tensor(b.action)[:, None])[:, 0], y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        with torch.no_grad():
            for p, pt in zip(self.q.parameters(), self.q_target.parameters()):
                pt.lerp_(p, self.tau)


random.seed(0), torch.manual_seed(0)
env, agent = CartOnRail(np.random.default_rng(0)), DQNAgent()
scores = []
for episode in range(40):
    state, done, score = env.reset(), False, 0.0
    while not done:
        action = agent.act(state, eps=max(0.05, 1 - episode / 30))
        next_state, reward, done = env.step(action)
        agent.memory.append(Transition(state, action, reward, next_state))
        agent.learn()
        state, score = next_state, score + reward
    scores.append(score)
print("first ten %.2f   last ten %.2f" % (np.mean(scores[:10]), np.mean(scores[-10:])))

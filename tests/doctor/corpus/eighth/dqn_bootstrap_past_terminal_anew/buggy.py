"""Double DQN auf einer kleinen Eisflaeche (4x4). Loch = -1, Ziel = +1, danach ist die Episode zu Ende."""
import copy
import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.nn.functional as F

Transition = namedtuple("Transition", "state action reward next_state done")


class Ice:
    size, goal, holes = 4, (3, 3), {(1, 1), (1, 3), (2, 3), (3, 0)}
    moves = ((0, 1), (1, 0), (0, -1), (-1, 0))

    def reset(self):
        self.pos, self.t = (0, 0), 0
        return self.encode()

    def encode(self):
        v = torch.zeros(self.size * self.size)
        v[self.pos[0] * self.size + self.pos[1]] = 1.0
        return v

    def step(self, action):
        dr, dc = self.moves[action]
        r = min(max(self.pos[0] + dr, 0), self.size - 1)
        c = min(max(self.pos[1] + dc, 0), self.size - 1)
        self.pos, self.t = (r, c), self.t + 1
        if self.pos in self.holes:
            return self.encode(), -1.0, True, False
        if self.pos == self.goal:
            return self.encode(), 1.0, True, False
        return self.encode(), -0.01, False, self.t >= 30


class ReplayBuffer:
    def __init__(self, capacity):
        self.memory = deque(maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, n):
        cols = Transition(*zip(*random.sample(self.memory, n)))
        return Transition(
            torch.stack(cols.state),
            torch.tensor(cols.action).unsqueeze(1),
            torch.tensor(cols.reward, dtype=torch.float32),
            torch.stack(cols.next_state),
            torch.tensor(cols.done, dtype=torch.float32),
        )

    def __len__(self):
        return len(self.memory)


class Agent:
    def __init__(self, n_states, n_actions, gamma=0.97, lr=5e-3):
        self.q = nn.Sequential(nn.Linear(n_states, 32), nn.ReLU(), nn.Linear(32, n_actions))
        self.target = copy.deepcopy(self.q).requires_grad_(False)
        self.opt = torch.optim.Adam(self.q.parameters(), lr=lr)
        self.gamma = gamma

    @torch.no_grad()
    def act(self, state, eps):
        if random.random() < eps:
            return random.randrange(4)
        return self.q(state).argmax().item()

    def learn(self, batch):
        with torch.no_grad():
            best = self.q(batch.next_state).argmax(1, keepdim=True)
            next_value = self.target(batch.next_state).gather(1, best).squeeze(1)
            wanted = batch.reward + self.gamma * next_value
        predicted = self.q(batch.state).gather(1, batch.action).squeeze(1)
        loss = F.smooth_l1_loss(predicted, wanted)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()

    def sync(self):
        self.target.load_state_dict(self.q.state_dict())


random.seed(1)
torch.manual_seed(1)
env, buffer = Ice(), ReplayBuffer(3000)
agent = Agent(16, 4)
returns = []
for episode in range(105):
    state, ret, over = env.reset(), 0.0, False
    eps = max(0.05, 1.0 - episode / 60)
    while not over:
        action = agent.act(state, eps)
        next_state, reward, done, truncated = env.step(action)
        buffer.push(state, action, reward, next_state, done)
        state, ret, over = next_state, ret + reward, done or truncated
        if len(buffer) >= 64:
            agent.learn(buffer.sample(32))
    returns.append(ret)
    if episode % 5 == 0:
        agent.sync()
    if (episode + 1) % 35 == 0:
        print(f"Episode {episode + 1}: mittlerer Ertrag {sum(returns[-35:]) / 35:.3f}")

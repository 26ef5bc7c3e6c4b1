"""DQN on a 12-cell corridor: reach the right end, small cost per move."""
import random
from collections import deque, namedtuple

import torch
import torch.nn as nn

Step = namedtuple("Step", "s a r s2 done")
N_CELLS, MAX_LEN, GAMMA = 12, 40, 0.97


class Corridor:
    def reset(self):
        self.pos, self.t = random.randrange(N_CELLS - 1), 0
        return self.pos

    def step(self, action):
        self.t += 1
        slip = random.random() < 0.1
        move = (1 if action == 1 else -1) * (-1 if slip else 1)
        self.pos = min(max(self.pos + move, 0), N_CELLS - 1)
        goal = self.pos == N_CELLS - 1
        return self.pos, (1.0 if goal else -0.02), goal, self.t >= MAX_LEN


def one_hot(cells):
    return nn.functional.one_hot(torch.tensor(cells), N_CELLS).float()


class Agent:
    def __init__(self, lr=2e-3, sync_every=50):
        self.q = nn.Sequential(nn.Linear(N_CELLS, 48), nn.ReLU(), nn.Linear(48, 2))
        self.q_target = self.q
        self.opt = torch.optim.Adam(self.q.parameters(), lr=lr)
        self.memory = deque(maxlen=3000)
        self.sync_every = sync_every
        self.updates = 0

    @torch.no_grad()
    def act(self, cell, eps):
        if random.random() < eps:
            return random.randrange(2)
        return self.q(one_hot([cell])).argmax(1).item()

    def learn(self, batch_size=32):
        batch = Step(*zip(*random.sample(self.memory, batch_size)))
        a = torch.tensor(batch.a).unsqueeze(1)
        r = torch.tensor(batch.r)
        alive = 1.0 - torch.tensor(batch.done, dtype=torch.float32)
        value = self.q(one_hot(batch.s)).gather(1, a).squeeze(1)
        with torch.no_grad():
            future = self.q_target(one_hot(batch.s2)).max(1).values
            goal = r + GAMMA * alive * future
        loss = nn.functional.smooth_l1_loss(value, goal)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.updates += 1
        if self.updates % self.sync_every == 0:
            self.q_target.load_state_dict(self.q.state_dict())
        return loss.item()


def main():
    random.seed(0)
    torch.manual_seed(0)
    env, agent = Corridor(), Agent()
    returns = []
    for episode in range(60):
        s, total, over = env.reset(), 0.0, False
        eps = max(0.1, 1.0 - episode / 40)
        while not over:
            a = agent.act(s, eps)
            s2, r, done, truncated = env.step(a)
            agent.memory.append(Step(s, a, r, s2, done))  # a time-out is no terminal state
            s, total, over = s2, total + r, done or truncated
            if len(agent.memory) >= 200:
                agent.learn()
        returns.append(total)
    print("mean return, last 15 episodes: %.3f" % (sum(returns[-15:]) / 15))
    with torch.no_grad():
        print("greedy policy:", agent.q(one_hot(list(range(N_CELLS - 1)))).argmax(1).tolist())


if __name__ == "__main__":
    main()

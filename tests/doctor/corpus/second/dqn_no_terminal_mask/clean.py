import random
from collections import deque, namedtuple
import torch
import torch.nn as nn
import torch.nn.functional as F

Step = namedtuple("Step", "s a r s2 done")


class Corridor:
    """Seven cells, start in the middle. Right end pays 1, left end 0.2, both end the episode."""
    size = 7

    def reset(self):
        self.p = 3
        return self.obs()

    def obs(self):
        v = [0.0] * self.size
        v[self.p] = 1.0
        return v

    def step(self, a):
        self.p += 1 if a == 1 else -1
        done = self.p in (0, self.size - 1)
        reward = {0: 0.2, self.size - 1: 1.0}.get(self.p, 0.0)
        return self.obs(), reward, done


class Agent:
    def __init__(self, gamma=0.9):
        self.gamma = gamma
        self.q = self.make()
        self.q_target = self.make()
        self.q_target.load_state_dict(self.q.state_dict())
        self.opt = torch.optim.Adam(self.q.parameters(), lr=3e-3)
        self.memory = deque(maxlen=2000)

    @staticmethod
    def make():
        return nn.Sequential(nn.Linear(Corridor.size, 32), nn.ReLU(), nn.Linear(32, 2))

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(2)
        with torch.no_grad():
            return int(self.q(torch.tensor(s)).argmax())

    def learn(self, batch_size=32):
        batch = Step(*zip(*random.sample(self.memory, batch_size)))
        s, s2 = torch.tensor(batch.s), torch.tensor(batch.s2)
        a, r = torch.tensor(batch.a), torch.tensor(batch.r)
        done = torch.tensor(batch.done, dtype=torch.float32)
        with torch.no_grad():
            best = self.q_target(s2).max(1).values
            y = r + self.gamma * best * (1 - done)
        q = self.q(s).gather(1, a.unsqueeze(1)).squeeze(1)
        loss = F.smooth_l1_loss(q, y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()


def main():
    random.seed(0)
    torch.manual_seed(0)
    env, agent = Corridor(), Agent()
    steps = 0
    for episode in range(150):
        s, done = env.reset(), False
        eps = max(0.1, 1.0 - episode / 100)
        while not done:
            a = agent.act(s, eps)
            s2, r, done = env.step(a)
            agent.memory.append(Step(s, a, r, s2, done))
            s = s2
            steps += 1
            if len(agent.memory) >= 64:
                agent.learn()
            if steps % 50 == 0:
                agent.q_target.load_state_dict(agent.q.state_dict())
    env.reset()
    with torch.no_grad():
        q = agent.q(torch.tensor(env.obs()))
    print("Q at the start", [round(v, 3) for v in q.tolist()], "best possible return", round(0.9 ** 2, 3))


main()

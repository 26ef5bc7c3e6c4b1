import copy
import random
from collections import deque

import gymnasium as gym
import numpy as np
import torch
from torch import nn


class QNet(nn.Module):
    def __init__(self, obs, actions):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(obs, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, actions))

    def forward(self, x):
        return self.layers(x)


class Agent:
    def __init__(self, obs, actions, gamma=0.99, tau=0.005):
        self.online = QNet(obs, actions)
        self.target = copy.deepcopy(self.online).eval()
        self.opt = torch.optim.AdamW(self.online.parameters(), lr=1e-3)
        self.gamma, self.tau, self.actions = gamma, tau, actions
        self.memory = deque(maxlen=50_000)

    def act(self, state, eps):
        if random.random() < eps:
            return random.randrange(self.actions)
        with torch.no_grad():
            return self.online(torch.as_tensor(state, dtype=torch.float32).unsqueeze(0)).argmax(1).item()

    def learn(self, batch=128):
        if len(self.memory) < 1000:
            return None
        s, a, r, s2, done = zip(*random.sample(self.memory, batch))
        s = torch.as_tensor(np.array(s), dtype=torch.float32)
        a = torch.as_tensor(a).unsqueeze(1)
        r = torch.as_tensor(r, dtype=torch.float32)
        s2 = torch.as_tensor(np.array(s2), dtype=torch.float32)
        done = torch.as_tensor(done, dtype=torch.float32)
        q = self.online(s).gather(1, a).squeeze(1)
        with torch.no_grad():
            goal = r + self.gamma * (1 - done) * self.target(s2).max(1).values
        loss = nn.functional.smooth_l1_loss(q, goal)
        self.opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(self.online.parameters(), 100.0)
        self.opt.step()
        with torch.no_grad():
            for t, o in zip(self.target.parameters(), self.online.parameters()):
                t.lerp_(o, self.tau)
        return loss.item()


def main():
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    env = gym.make("CartPole-v1")
    agent = Agent(4, 2)
    eps = 1.0
    for episode in range(400):
        state, _ = env.reset(seed=episode)
        total, over = 0.0, False
        while not over:
            action = agent.act(state, eps)
            nxt, reward, ended, cut, _ = env.step(action)
            over = ended or cut
            agent.memory.append((state, action, reward, nxt, float(ended)))
            agent.learn()
            state, total = nxt, total + reward
        eps = max(0.05, eps * 0.99)
        print(episode, total)


main()

import random
from collections import deque

import torch
import torch.nn as nn

GAMMA = 0.9


class RandomWalk:
    """7 cells, reward 1 when leaving on the right"""

    def reset(self):
        self.s = 3
        return self.s

    def step(self):
        self.s += random.choice([-1, 1])
        done = self.s < 0 or self.s > 6
        return self.s, float(self.s > 6), done


class Agent:
    def __init__(self):
        self.value = nn.Linear(7, 1)
        nn.init.zeros_(self.value.weight)
        self.opt = torch.optim.SGD(self.value.parameters(), lr=0.05)
        self.replay = deque(maxlen=200)
        self.episode = []

    def self_play(self, env):
        self.episode.clear()
        s, done = env.reset(), False
        while not done:
            nxt, r, done = env.step()
            self.episode.append((s, r))
            s = nxt
        self.replay.append(self.episode)

    def update(self, n_episodes=8):
        states, returns = [], []
        for ep in random.choices(self.replay, k=n_episodes):
            g = 0.0
            for s, r in reversed(ep):
                g = r + GAMMA * g
                states.append(s)
                returns.append(g)
        x = nn.functional.one_hot(torch.tensor(states), 7).float()
        loss = nn.functional.mse_loss(self.value(x).squeeze(1), torch.tensor(returns))
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        return loss.item()


if __name__ == "__main__":
    random.seed(1)
    torch.manual_seed(1)
    env, agent = RandomWalk(), Agent()
    for ep in range(500):
        agent.self_play(env)
        loss = agent.update()
        if ep % 100 == 99:
            print(f"episode {ep + 1} buffer {len(agent.replay)} loss {loss:.4f}")
    with torch.no_grad():
        print("V:", [round(v, 2) for v in agent.value(torch.eye(7)).squeeze(1).tolist()])

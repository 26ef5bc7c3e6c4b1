# Double DQN on the game of catch (5 x 5 grid, one falling ball, a paddle of one cell).
import copy
import random

import numpy as np
import torch
from torch import nn

ROWS, COLS = 5, 5
GAMMA = 0.95


class Catch:
    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        self.row, self.col = 0, int(self.rng.integers(COLS))
        self.paddle = int(self.rng.integers(COLS))
        return self.observe()

    def observe(self):
        board = np.zeros((2, ROWS, COLS), dtype=np.float32)
        board[0, self.row, self.col] = 1
        board[1, ROWS - 1, self.paddle] = 1
        return board.ravel()

    def step(self, action):
        self.paddle = min(max(self.paddle + action - 1, 0), COLS - 1)
        self.row += 1
        done = self.row == ROWS - 1
        reward = (1.0 if self.paddle == self.col else -1.0) if done else 0.0
        return self.observe(), reward, done


class Replay:
    def __init__(self, capacity, width):
        self.obs = torch.zeros(capacity, width)
        self.next_obs = torch.zeros(capacity, width)
        self.action = torch.zeros(capacity, dtype=torch.long)
        self.reward = torch.zeros(capacity)
        self.done = torch.zeros(capacity)
        self.capacity, self.count = capacity, 0

    def push(self, obs, action, reward, next_obs, done):
        i = self.count % self.capacity
        self.obs[i], self.next_obs[i] = torch.from_numpy(obs), torch.from_numpy(next_obs)
        self.action[i], self.reward[i], self.done[i] = action, reward, float(done)
        self.count += 1

    def sample(self, n):
        i = torch.randint(min(self.count, self.capacity), (n,))
        return self.obs[i], self.action[i], self.reward[i], self.next_obs[i], self.done[i]


def learn(online, target, opt, batch):
    obs, action, reward, next_obs, done = batch
    with torch.no_grad():
        best = online(next_obs).argmax(dim=1, keepdim=True)
        bootstrap = target(next_obs).gather(1, best).squeeze(1)
        goal = reward + GAMMA * (1 - done) * bootstrap
    q = online(obs).gather(1, action.unsqueeze(1)).squeeze(1)
    loss = nn.functional.smooth_l1_loss(q, goal)
    opt.zero_grad()
    loss.backward()
    opt.step()


def play(env, net, epsilon):
    obs, done = env.reset(), False
    while not done:
        if random.random() < epsilon:
            action = random.randrange(3)
        else:
            with torch.no_grad():
                action = net(torch.from_numpy(obs)).argmax().item()
        nxt, reward, done = env.step(action)
        yield obs, action, reward, nxt, done
        obs = nxt


if __name__ == "__main__":
    random.seed(0)
    torch.manual_seed(0)
    env = Catch(np.random.default_rng(0))
    online = nn.Sequential(nn.Linear(2 * ROWS * COLS, 64), nn.ReLU(), nn.Linear(64, 3))
    target = copy.deepcopy(online).requires_grad_(False)
    opt = torch.optim.Adam(online.parameters(), lr=2e-3)
    replay, steps = Replay(5000, 2 * ROWS * COLS), 0
    for episode in range(400):
        epsilon = max(0.05, 1.0 - episode / 150)
        for transition in play(env, online, epsilon):
            replay.push(*transition)
            steps += 1
            if replay.count >= 200 and steps % 2 == 0:
                learn(online, target, opt, replay.sample(64))
            if steps % 100 == 0:
                target.load_state_dict(online.state_dict())
        if (episode + 1) % 100 == 0:
            score = np.mean([sum(t[2] for t in play(env, online, 0.0)) for _ in range(40)])
            print(f"episode {episode + 1}: greedy score {score:+.2f}")

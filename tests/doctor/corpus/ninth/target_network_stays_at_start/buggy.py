import random
from collections import deque

import torch
import torch.nn as nn
import torch.nn.functional as F

SIZE, GOAL = 5, (4, 4)
MOVES = [(0, 1), (1, 0), (0, -1), (-1, 0)]


class Grid:
    """Walk from a random cell to the corner; every step costs a little."""

    def reset(self):
        self.pos = (random.randrange(SIZE), random.randrange(SIZE - 1))
        self.t = 0
        return self.state()

    def state(self):
        v = torch.zeros(SIZE * SIZE)
        v[self.pos[0] * SIZE + self.pos[1]] = 1.0
        return v

    def step(self, a):
        r = min(max(self.pos[0] + MOVES[a][0], 0), SIZE - 1)
        c = min(max(self.pos[1] + MOVES[a][1], 0), SIZE - 1)
        self.pos, self.t = (r, c), self.t + 1
        done = self.pos == GOAL
        return self.state(), (1.0 if done else -0.02), done, self.t >= 30


def make_q():
    return nn.Sequential(nn.Linear(SIZE * SIZE, 64), nn.ReLU(), nn.Linear(64, 4))


def learn(online, target, opt, memory, gamma=0.95, batch=64):
    s, a, r, s2, done = zip(*random.sample(memory, batch))
    s, s2 = torch.stack(s), torch.stack(s2)
    a, r, done = torch.tensor(a), torch.tensor(r), torch.tensor(done, dtype=torch.float32)
    with torch.no_grad():
        goal = r + gamma * (1 - done) * target(s2).max(1).values
    q = online(s).gather(1, a[:, None]).squeeze(1)
    opt.zero_grad()
    F.smooth_l1_loss(q, goal).backward()
    opt.step()


def evaluate(online, games=30):
    env, steps, wins = Grid(), 0, 0
    with torch.no_grad():
        for _ in range(games):
            s, over = env.reset(), False
            while not over:
                s, _, done, cut = env.step(online(s).argmax().item())
                over = done or cut
            steps += env.t
            wins += done
    return wins / games, steps / games


def main():
    random.seed(5)
    torch.manual_seed(5)
    env, online, target = Grid(), make_q(), make_q()
    target.load_state_dict(online.state_dict())
    opt = torch.optim.Adam(online.parameters(), lr=2e-3)
    memory = deque(maxlen=5000)
    s = env.reset()
    for step in range(1, 2401):
        eps = max(0.1, 1 - step / 1500)
        with torch.no_grad():
            a = random.randrange(4) if random.random() < eps else online(s).argmax().item()
        s2, r, done, cut = env.step(a)
        memory.append((s, a, r, s2, done))
        s = env.reset() if done or cut else s2
        if step > 200:
            learn(online, target, opt, memory)
        if step % 600 == 0:
            win, length = evaluate(online)
            print(f"step {step}: goal reached {win:.2f}, mean length {length:.1f}")


if __name__ == "__main__":
    main()

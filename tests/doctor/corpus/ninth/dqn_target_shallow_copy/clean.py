import copy
import random
from collections import deque

import torch
import torch.nn as nn

SIZE, GAMMA, SYNC = 5, 0.95, 50
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


class Grid:
    """Walk from a corner to the opposite one; the middle cell ends the episode badly."""

    def reset(self):
        self.pos, self.t = (0, 0), 0
        return self.obs()

    def obs(self):
        v = torch.zeros(SIZE * SIZE)
        v[self.pos[0] * SIZE + self.pos[1]] = 1.0
        return v

    def step(self, a):
        r, c = (min(max(p + d, 0), SIZE - 1) for p, d in zip(self.pos, MOVES[a]))
        self.pos, self.t = (r, c), self.t + 1
        if self.pos == (SIZE - 1, SIZE - 1):
            return self.obs(), 1.0, True, False
        if self.pos == (SIZE // 2, SIZE // 2):
            return self.obs(), -1.0, True, False
        return self.obs(), -0.02, False, self.t >= 30


def td_loss(q, target, batch):
    s, a, r, s2, done = batch
    value = q(s).gather(1, a[:, None]).squeeze(1)
    with torch.no_grad():
        goal = r + GAMMA * (1 - done) * target(s2).amax(1)
    return nn.functional.smooth_l1_loss(value, goal)


def collate(rows):
    s, a, r, s2, d = zip(*rows)
    return torch.stack(s), torch.tensor(a), torch.tensor(r), torch.stack(s2), torch.tensor(d, dtype=torch.float32)


def main():
    torch.manual_seed(1)
    random.seed(1)
    q = nn.Sequential(nn.Linear(SIZE * SIZE, 64), nn.ReLU(), nn.Linear(64, 4))
    target = copy.deepcopy(q)
    opt = torch.optim.Adam(q.parameters(), lr=2e-3)
    memory, env = deque(maxlen=2000), Grid()
    steps, returns = 0, []
    for episode in range(80):
        s, total, over = env.reset(), 0.0, False
        eps = max(0.05, 1 - episode / 40)
        while not over:
            if random.random() < eps:
                a = random.randrange(4)
            else:
                with torch.no_grad():
                    a = q(s[None]).argmax(1).item()
            s2, r, done, truncated = env.step(a)
            memory.append((s, a, r, s2, done))
            s, total, over = s2, total + r, done or truncated
            steps += 1
            if len(memory) >= 64:
                loss = td_loss(q, target, collate(random.sample(memory, 32)))
                opt.zero_grad()
                loss.backward()
                opt.step()
            if steps % SYNC == 0:
                target.load_state_dict(q.state_dict())
        returns.append(total)
        if episode % 20 == 19:
            print(f"episode {episode + 1:3d}  mean return {sum(returns[-20:]) / 20:.3f}")


if __name__ == "__main__":
    main()

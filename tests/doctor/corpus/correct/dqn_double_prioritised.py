"""Double DQN with proportional prioritised replay, soft target updates, n-step-free TD and importance weights."""
import copy
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Grid:
    """5x5 grid; goal at a corner (+1, terminal), pit in the centre (-1, terminal), 30-step limit (truncation)."""

    MOVES = ((0, 1), (0, -1), (1, 0), (-1, 0))

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def reset(self):
        self.p, self.t = (self.rng.randrange(2), self.rng.randrange(2)), 0
        return self.obs()

    def obs(self):
        o = np.zeros(10, np.float32)
        o[self.p[0]] = o[5 + self.p[1]] = 1
        return o

    def step(self, a):
        dx, dy = self.MOVES[a]
        self.p = (min(4, max(0, self.p[0] + dx)), min(4, max(0, self.p[1] + dy)))
        self.t += 1
        if self.p == (4, 4):
            return self.obs(), 1.0, True, False
        if self.p == (2, 2):
            return self.obs(), -1.0, True, False
        return self.obs(), -0.01, False, self.t >= 30


class Dueling(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(10, 64), nn.ReLU())
        self.a, self.v = nn.Linear(64, 4), nn.Linear(64, 1)

    def forward(self, o):
        h = self.f(o)
        a = self.a(h)
        return self.v(h) + a - a.mean(1, keepdim=True)


class Prioritised:
    def __init__(self, size, rng, alpha=0.6):
        self.size, self.alpha, self.rng = size, alpha, rng
        self.rows, self.prio, self.i = [], np.zeros(size), 0

    def add(self, row):
        top = self.prio[: len(self.rows)].max() if self.rows else 1.0
        if len(self.rows) < self.size:
            self.rows.append(row)
        else:
            self.rows[self.i] = row
        self.prio[self.i] = top
        self.i = (self.i + 1) % self.size

    def sample(self, n, beta):
        p = self.prio[: len(self.rows)] ** self.alpha
        p /= p.sum()
        idx = self.rng.choice(len(p), n, p=p)
        w = (len(p) * p[idx]) ** -beta
        cols = [torch.as_tensor(np.array(c)) for c in zip(*(self.rows[i] for i in idx))]
        return idx, torch.as_tensor(w / w.max(), dtype=torch.float32), cols

    def update(self, idx, td):
        self.prio[idx] = np.abs(td) + 1e-3


def learn(q, tgt, opt, buf, beta, gamma=0.95, tau=0.02):
    idx, w, (o, a, r, o2, term) = buf.sample(64, beta)
    qa = q(o).gather(1, a.unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        best = q(o2).argmax(1, keepdim=True)  # online network chooses, target network values
        y = r.float() + gamma * (1 - term.float()) * tgt(o2).gather(1, best).squeeze(1)
    loss = (w * F.smooth_l1_loss(qa, y, reduction="none")).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(q.parameters(), 1.0)
    opt.step()
    buf.update(idx, (y - qa.detach()).numpy())
    with torch.no_grad():
        for pt, p in zip(tgt.parameters(), q.parameters()):
            pt.lerp_(p, tau)
    return loss.item()


@torch.no_grad()
def evaluate(q, episodes=20):
    env, score = Grid(999), 0.0
    for _ in range(episodes):
        o, done = env.reset(), False
        while not done:
            o, r, term, trunc = env.step(int(q(torch.from_numpy(o)[None]).argmax(1)))
            done = term or trunc
            score += r
    return score / episodes


def main(total=1000, warm=200):
    torch.manual_seed(0)
    rng = random.Random(1)
    env, q = Grid(2), Dueling()
    tgt = copy.deepcopy(q).requires_grad_(False)
    opt = torch.optim.Adam(q.parameters(), lr=2e-3)
    buf = Prioritised(2000, np.random.default_rng(3))
    o, losses = env.reset(), []
    for step in range(total):
        eps = max(0.05, 1 - step / 600)
        if rng.random() < eps:
            a = rng.randrange(4)
        else:
            with torch.no_grad():
                a = int(q(torch.from_numpy(o)[None]).argmax(1))
        o2, r, term, trunc = env.step(a)
        buf.add((o, a, r, o2, term))  # only a true terminal state stops the bootstrap, a time limit does not
        o = env.reset() if term or trunc else o2
        if step >= warm and step % 2 == 0:
            losses.append(learn(q, tgt, opt, buf, beta=min(1.0, 0.4 + 0.6 * step / total)))
        if step % 500 == 499:
            print(f"step {step + 1} eps {eps:.2f} loss {np.mean(losses[-100:]):.4f} greedy return {evaluate(q):.3f}")


if __name__ == "__main__":
    main()

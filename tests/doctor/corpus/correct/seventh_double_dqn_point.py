# Double DQN with a replay buffer, Polyak target, proper handling of time limits
import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

Step = namedtuple("Step", "obs action reward next_obs terminated")


class PointEnv:
    """Drive a point with inertia to the origin: actions -1, 0, +1."""

    def __init__(self, limit=60):
        self.limit = limit

    def reset(self, rng):
        self.x, self.v, self.t = rng.uniform(-1, 1), 0.0, 0
        return np.array([self.x, self.v], dtype=np.float32)

    def step(self, a):
        self.v = 0.9 * self.v + 0.05 * (a - 1)
        self.x += self.v
        self.t += 1
        terminated = abs(self.x) > 2
        reward = -1.0 if terminated else float(np.exp(-8 * self.x ** 2)) * 0.1
        return np.array([self.x, self.v], dtype=np.float32), reward, terminated, self.t >= self.limit


def q_net():
    return nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))


def learn(q, target, opt, batch, gamma):
    obs, nxt = (torch.from_numpy(np.stack([getattr(s, k) for s in batch])) for k in ("obs", "next_obs"))
    act = torch.tensor([s.action for s in batch])
    rew = torch.tensor([s.reward for s in batch])
    alive = 1.0 - torch.tensor([s.terminated for s in batch], dtype=torch.float32)
    with torch.no_grad():
        choice = q(nxt).argmax(1, keepdim=True)
        y = rew + gamma * alive * target(nxt).gather(1, choice).squeeze(1)
    pred = q(obs).gather(1, act.unsqueeze(1)).squeeze(1)
    loss = F.smooth_l1_loss(pred, y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(q.parameters(), 10.0)
    opt.step()
    with torch.no_grad():
        for t, p in zip(target.parameters(), q.parameters()):
            t.lerp_(p, 0.02)


@torch.no_grad()
def greedy(q, obs):
    return q(torch.from_numpy(obs)).argmax().item()


def evaluate(q, episodes, seed):
    rng, env, total = np.random.default_rng(seed), PointEnv(), 0.0
    for _ in range(episodes):
        obs, done = env.reset(rng), False
        while not done:
            obs, r, term, trunc = env.step(greedy(q, obs))
            total += r
            done = term or trunc
    return total / episodes


def main(frames=1800, warmup=200, gamma=0.97):
    random.seed(0)
    torch.manual_seed(0)
    rng, env = np.random.default_rng(0), PointEnv()
    q, target = q_net(), q_net()
    target.load_state_dict(q.state_dict())
    opt = torch.optim.Adam(q.parameters(), lr=1e-3)
    memory = deque(maxlen=5000)
    obs = env.reset(rng)
    print(f"before: {evaluate(q, 10, seed=77):.2f}")
    for frame in range(frames):
        eps = max(0.05, 1 - frame / 1200)
        a = int(rng.integers(3)) if rng.random() < eps else greedy(q, obs)
        nxt, r, term, trunc = env.step(a)
        memory.append(Step(obs, a, r, nxt, term))      # a time-out still bootstraps
        obs = env.reset(rng) if term or trunc else nxt
        if frame >= warmup and frame % 2 == 0:
            learn(q, target, opt, random.sample(memory, 64), gamma)
    print(f"after:  {evaluate(q, 10, seed=77):.2f}")


if __name__ == "__main__":
    main()

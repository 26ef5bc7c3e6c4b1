# Double DQN on a small grid world; one file, no dependencies but torch and numpy
import argparse
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class GridWorld:
    """Walk to the goal, keep out of the pit. Both are terminal; `max_steps` only cuts the episode."""
    moves = [(0, 1), (1, 0), (0, -1), (-1, 0)]

    def __init__(self, size=5, max_steps=30, seed=0):
        self.size, self.max_steps = size, max_steps
        self.goal, self.pit = (size - 1, size - 1), (2, 2)
        self.rng = random.Random(seed)

    def _obs(self):
        o = np.zeros(self.size * self.size, dtype=np.float32)
        o[self.pos[0] * self.size + self.pos[1]] = 1.0
        return o

    def reset(self):
        while True:
            self.pos = (self.rng.randrange(self.size), self.rng.randrange(self.size))
            if self.pos not in (self.goal, self.pit):
                break
        self.t = 0
        return self._obs()

    def step(self, a):
        dx, dy = self.moves[a]
        clip = lambda v: min(max(v, 0), self.size - 1)
        self.pos = (clip(self.pos[0] + dx), clip(self.pos[1] + dy))
        self.t += 1
        terminated = self.pos in (self.goal, self.pit)
        reward = {self.goal: 1.0, self.pit: -1.0}.get(self.pos, -0.02)
        truncated = not terminated and self.t >= self.max_steps
        return self._obs(), reward, terminated, truncated


class ReplayBuffer:
    def __init__(self, capacity, obs_dim, seed):
        self.obs = np.zeros((capacity, obs_dim), dtype=np.float32)
        self.next_obs = np.zeros_like(self.obs)
        self.act = np.zeros(capacity, dtype=np.int64)
        self.rew = np.zeros(capacity, dtype=np.float32)
        self.term = np.zeros(capacity, dtype=np.float32)
        self.capacity, self.ptr, self.full = capacity, 0, False
        self.rng = np.random.default_rng(seed)

    def add(self, o, no, a, r, terminated):
        i = self.ptr
        self.obs[i], self.next_obs[i], self.act[i], self.rew[i], self.term[i] = o, no, a, r, terminated
        self.ptr = (i + 1) % self.capacity
        self.full = self.full or self.ptr == 0

    def sample(self, n):
        i = self.rng.integers(0, self.capacity if self.full else self.ptr, size=n)
        return tuple(torch.from_numpy(a[i]) for a in (self.obs, self.next_obs, self.act, self.rew, self.term))


class QNetwork(nn.Module):
    """Dueling head."""

    def __init__(self, n_obs, n_act):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_obs, 64), nn.ReLU())
        self.v, self.a = nn.Linear(64, 1), nn.Linear(64, n_act)

    def forward(self, x):
        h = self.trunk(x)
        a = self.a(h)
        return self.v(h) + a - a.mean(dim=1, keepdim=True)


def linear_schedule(start_e, end_e, duration, t):
    slope = (end_e - start_e) / duration
    return max(slope * t + start_e, end_e)


def evaluate(q, episodes=40):
    env, returns = GridWorld(seed=12345), []
    for _ in range(episodes):
        o, total, done = env.reset(), 0.0, False
        while not done:
            with torch.no_grad():
                a = q(torch.from_numpy(o)[None]).argmax(1).item()
            o, r, term, trunc = env.step(a)
            total, done = total + r, term or trunc
        returns.append(total)
    return float(np.mean(returns))


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=3)
    p.add_argument("--total-timesteps", type=int, default=2400)
    p.add_argument("--learning-rate", type=float, default=2e-3)
    p.add_argument("--buffer-size", type=int, default=2000)
    p.add_argument("--gamma", type=float, default=0.95)
    p.add_argument("--target-network-frequency", type=int, default=100)
    p.add_argument("--tau", type=float, default=1.0)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--exploration-fraction", type=float, default=0.6)
    p.add_argument("--learning-starts", type=int, default=300)
    p.add_argument("--train-frequency", type=int, default=3)
    args = p.parse_args()

    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)

    env = GridWorld(seed=args.seed)
    n_obs, n_act = env.size ** 2, len(env.moves)
    q_network, target_network = QNetwork(n_obs, n_act), QNetwork(n_obs, n_act)
    target_network.load_state_dict(q_network.state_dict())
    optimizer = torch.optim.Adam(q_network.parameters(), lr=args.learning_rate)
    rb = ReplayBuffer(args.buffer_size, n_obs, args.seed)

    obs = env.reset()
    for step in range(args.total_timesteps):
        eps = linear_schedule(1.0, 0.05, args.exploration_fraction * args.total_timesteps, step)
        if random.random() < eps:
            action = random.randrange(n_act)
        else:
            with torch.no_grad():
                action = q_network(torch.from_numpy(obs)[None]).argmax(1).item()
        next_obs, reward, terminated, truncated = env.step(action)
        rb.add(obs, next_obs, action, reward, terminated)
        obs = env.reset() if terminated or truncated else next_obs

        if step > args.learning_starts:
            if step % args.train_frequency == 0:
                o, no, a, r, term = rb.sample(args.batch_size)
                with torch.no_grad():
                    best = q_network(no).argmax(dim=1, keepdim=True)
                    nxt = target_network(no).gather(1, best).squeeze(1)
                    td_target = r + args.gamma * nxt * (1 - term)
                old_val = q_network(o).gather(1, a.unsqueeze(1)).squeeze(1)
                loss = F.smooth_l1_loss(old_val, td_target)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            if step % args.target_network_frequency == 0:
                for tp, qp in zip(target_network.parameters(), q_network.parameters()):
                    tp.data.copy_(args.tau * qp.data + (1.0 - args.tau) * tp.data)
        if (step + 1) % 800 == 0:
            print(f"step {step + 1}: eps {eps:.2f}, loss {loss.item():.4f}, greedy return {evaluate(q_network):.3f}")

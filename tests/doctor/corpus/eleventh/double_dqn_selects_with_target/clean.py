import numpy as np
import torch
import torch.nn as nn


class DoubleDQNAgent:
    def __init__(self, obs_dim, n_actions, gamma=0.9, lr=1e-3, tau=0.01):
        self.gamma, self.tau = gamma, tau
        self.q = self._net(obs_dim, n_actions)
        self.q_target = self._net(obs_dim, n_actions)
        self.q_target.load_state_dict(self.q.state_dict())
        self.opt = torch.optim.Adam(self.q.parameters(), lr=lr)

    @staticmethod
    def _net(i, o):
        return nn.Sequential(nn.Linear(i, 64), nn.ReLU(), nn.Linear(64, o))

    @torch.no_grad()
    def act(self, obs, eps, rng):
        if rng.random() < eps:
            return int(rng.integers(4))
        return int(self.q(torch.as_tensor(obs)).argmax())

    def train_step(self, obs, act, rew, nobs, done):
        with torch.no_grad():
            best = self.q(nobs).argmax(dim=1, keepdim=True)
            next_value = self.q_target(nobs).gather(1, best).squeeze(1)
            y = rew + self.gamma * (1 - done) * next_value
        pred = self.q(obs).gather(1, act.unsqueeze(1)).squeeze(1)
        loss = nn.functional.mse_loss(pred, y)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        with torch.no_grad():
            for p, pt in zip(self.q.parameters(), self.q_target.parameters()):
                pt.lerp_(p, self.tau)
        return loss.item()


class Grid:
    """5x5 grid with noisy rewards, goal in the corner."""

    def __init__(self, rng):
        self.rng = rng

    def obs(self):
        return np.array([self.x / 4, self.y / 4], dtype=np.float32)

    def reset(self):
        self.x = self.y = 0
        return self.obs()

    def step(self, a):
        dx, dy = [(1, 0), (-1, 0), (0, 1), (0, -1)][a]
        self.x = min(4, max(0, self.x + dx))
        self.y = min(4, max(0, self.y + dy))
        goal = self.x == 4 and self.y == 4
        return self.obs(), 5.0 if goal else float(self.rng.normal(-0.1, 1.0)), goal


rng = np.random.default_rng(11)
torch.manual_seed(11)
env, agent, store = Grid(rng), DoubleDQNAgent(2, 4), []
o = env.reset()
for t in range(900):
    a = agent.act(o, max(0.1, 1 - t / 500), rng)
    o2, r, d = env.step(a)
    store.append((o, a, r, o2, float(d)))
    o = env.reset() if d else o2
    if t >= 100:
        cols = zip(*(store[i] for i in rng.integers(0, len(store), 32)))
        obs, act, rew, nobs, done = (torch.as_tensor(np.array(c)) for c in cols)
        agent.train_step(obs, act, rew.float(), nobs, done.float())
with torch.no_grad():
    print("V(start) estimate:", agent.q(torch.zeros(2)).max().item())

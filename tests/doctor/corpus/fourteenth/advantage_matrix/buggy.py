import torch
import torch.nn as nn
from torch.distributions import Categorical


class ActorCritic(nn.Module):
    def __init__(self, n_obs=4, n_act=2, hidden=32):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_obs, hidden), nn.Tanh())
        self.pi = nn.Linear(hidden, n_act)
        self.v = nn.Linear(hidden, 1)

    def forward(self, obs):
        h = self.body(obs)
        return Categorical(logits=self.pi(h)), self.v(h)


class PointEnvs:
    """A batch of 1-d points that should be pushed to a goal position."""

    def __init__(self, n=64):
        self.n = n

    def reset(self):
        self.x, self.goal, self.t = torch.randn(self.n), torch.randn(self.n), 0
        return self.obs()

    def obs(self):
        return torch.stack([self.x, self.goal, self.goal - self.x, torch.full((self.n,), self.t / HORIZON)], dim=1)

    def step(self, a):
        self.t += 1
        self.x = self.x + 0.25 * (2 * a.float() - 1)
        return self.obs(), -(self.x - self.goal).abs()


def rollout(env, net, horizon):
    obs, log = env.reset(), []
    for _ in range(horizon):
        with torch.no_grad():
            action = net(obs)[0].sample()
        nxt, reward = env.step(action)
        log.append((obs, action, reward))
        obs = nxt
    return [torch.stack(t) for t in zip(*log)]


torch.manual_seed(6)
GAMMA, HORIZON = 0.9, 10
env, net = PointEnvs(), ActorCritic()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)

for update in range(100):
    obs, act, rew = rollout(env, net, HORIZON)
    ret = torch.zeros_like(rew)
    running = torch.zeros(env.n)
    for t in reversed(range(HORIZON)):
        running = rew[t] + GAMMA * running
        ret[t] = running
    obs, act, ret = obs.flatten(0, 1), act.flatten(), ret.flatten()

    dist, val = net(obs)
    adv = ret - val.detach()
    pi_loss = -(dist.log_prob(act) * adv).mean()
    v_loss = (ret - val).pow(2).mean()
    loss = pi_loss + 0.5 * v_loss - 0.01 * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    opt.step()
    if update % 20 == 19:
        print(f"update {update + 1}: mean reward {rew.mean().item():.3f} value loss {v_loss.item():.3f}")

import torch
import torch.nn as nn
from torch.distributions import Categorical


# one-step-at-a-time corridor: start in the middle, +1 at the right end, -1 at the left end
class Corridor:
    def __init__(self, n_envs, length=9):
        self.n, self.length = n_envs, length
        self.reset()

    def reset(self):
        self.x = torch.full((self.n,), self.length // 2)
        return self.obs()

    def obs(self):
        return nn.functional.one_hot(self.x, self.length).float()

    def step(self, a):
        slip = torch.rand(self.n) < 0.1
        move = torch.where(slip, 1 - 2 * a, 2 * a - 1)
        self.x = (self.x + move).clamp(0, self.length - 1)
        right, left = self.x == self.length - 1, self.x == 0
        r = right.float() - left.float() - 0.01
        done = right | left
        self.x[done] = self.length // 2
        return self.obs(), r, done.float()


class ActorCritic(nn.Module):
    def __init__(self, n_obs, n_act, hidden=32):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(n_obs, hidden), nn.Tanh(), nn.Linear(hidden, n_act))
        self.critic = nn.Sequential(nn.Linear(n_obs, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(self, obs):
        return Categorical(logits=self.actor(obs)), self.critic(obs).squeeze(-1)


def rollout(env, net, obs, horizon):
    logps, values, rewards, dones, entropies = [], [], [], [], []
    for _ in range(horizon):
        dist, v = net(obs)
        a = dist.sample()
        obs, r, d = env.step(a)
        logps.append(dist.log_prob(a))
        entropies.append(dist.entropy())
        values.append(v)
        rewards.append(r)
        dones.append(d)
    with torch.no_grad():
        _, last = net(obs)
    return obs, torch.stack(logps), torch.stack(values), torch.stack(rewards), torch.stack(dones), last, torch.stack(entropies)


def discounted(rewards, dones, last, gamma):
    out, run = torch.zeros_like(rewards), last
    for k in reversed(range(rewards.size(0))):
        run = rewards[k] + gamma * run * (1 - dones[k])
        out[k] = run
    return out


def losses(logps, values, returns, entropies, value_coef, entropy_coef):
    delta = returns - values
    advantage = delta.detach()
    policy = -(logps * advantage).mean()
    critic = delta.pow(2).mean()
    return policy + value_coef * critic - entropy_coef * entropies.mean()


torch.manual_seed(2)
env = Corridor(n_envs=16)
net = ActorCritic(env.length, 2)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
obs = env.reset()
for update in range(1, 91):
    obs, logps, values, rewards, dones, last, ent = rollout(env, net, obs, horizon=8)
    loss = losses(logps, values, discounted(rewards, dones, last, gamma=0.95), ent, 0.5, 0.01)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    optimizer.step()
    if update % 30 == 0:
        print(f"update {update:3d}  reward per step {rewards.mean().item():+.3f}")

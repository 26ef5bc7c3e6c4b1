"""A2C over a vector of environments: n-step bootstrapped targets, shared trunk, orthogonal initialisation, RMSprop."""
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


class VecPointMass:
    """N points on a line; force -1/0/+1; reward = 1 - |x|, minus 5 at a terminal state; episodes end when |x| > 3 (terminal) or after 50 steps (truncation)."""

    def __init__(self, n, seed):
        self.n, self.rng = n, np.random.default_rng(seed)
        self.x, self.v, self.t = (np.zeros(n, np.float32) for _ in range(3))
        self._reset(np.ones(n, bool))

    def _reset(self, who):
        k = int(who.sum())
        self.x[who] = self.rng.uniform(-1.5, 1.5, k)
        self.v[who] = 0.0
        self.t[who] = 0.0

    def obs(self):
        return torch.from_numpy(np.stack([self.x, self.v], 1))  # stack copies

    def step(self, a):
        self.v = (0.9 * self.v + 0.2 * (a - 1)).astype(np.float32)
        self.x = self.x + 0.3 * self.v
        self.t += 1
        dead = np.abs(self.x) > 3
        timeout = (self.t >= 50) & ~dead
        reward = 1.0 - np.abs(self.x) - 5.0 * dead
        last = self.obs()
        self._reset(dead | timeout)
        return self.obs(), torch.as_tensor(reward, dtype=torch.float32), torch.as_tensor(dead), torch.as_tensor(timeout), last


class Step(NamedTuple):
    logp: torch.Tensor
    value: torch.Tensor
    entropy: torch.Tensor
    reward: torch.Tensor
    done: torch.Tensor


def ortho(layer, gain):
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(ortho(nn.Linear(2, 64), 2 ** 0.5), nn.Tanh(), ortho(nn.Linear(64, 64), 2 ** 0.5), nn.Tanh())
        self.pi = ortho(nn.Linear(64, 3), 0.01)
        self.v = ortho(nn.Linear(64, 1), 1.0)

    def forward(self, o):
        h = self.trunk(o)
        return self.pi(h), self.v(h).squeeze(-1)


def act(model, obs):
    logits, value = model(obs)
    dist = torch.distributions.Categorical(logits=logits)
    a = dist.sample()
    return a, dist.log_prob(a), value, dist.entropy()


def collect(model, env, obs, n_steps, gamma):
    steps = []
    for _ in range(n_steps):
        a, logp, value, ent = act(model, obs)
        obs, reward, dead, timeout, last = env.step(a.numpy())
        if timeout.any():
            # a cut-off is no terminal state: add the discounted value of where it stopped
            with torch.no_grad():
                reward = reward + gamma * timeout.float() * model(last)[1]
        steps.append(Step(logp, value, ent, reward, (dead | timeout).float()))
    return steps, obs


def n_step_targets(steps, bootstrap, gamma):
    target, out = bootstrap, []
    for s in reversed(steps):
        target = s.reward + gamma * (1 - s.done) * target
        out.append(target)
    return torch.stack(out[::-1])


@torch.no_grad()
def evaluate(model, seed):
    env = VecPointMass(64, seed)
    obs, total, alive = env.obs(), torch.zeros(64), torch.ones(64)
    for _ in range(50):
        obs, r, dead, _, _ = env.step(model(obs)[0].argmax(1).numpy())
        total += r * alive
        alive *= 1 - dead.float()  # only the first episode of every slot counts
    return total.mean().item()


def main(updates=80, n_steps=8, gamma=0.97):
    torch.manual_seed(0)
    env, model = VecPointMass(32, seed=1), ActorCritic()
    opt = torch.optim.RMSprop(model.parameters(), lr=2e-3, alpha=0.99, eps=1e-5)
    obs = env.obs()
    print("before", round(evaluate(model, 77), 2))
    for u in range(updates):
        steps, obs = collect(model, env, obs, n_steps, gamma)
        with torch.no_grad():
            target = n_step_targets(steps, model(obs)[1], gamma)
        value = torch.stack([s.value for s in steps])
        adv = target - value.detach()
        loss_pi = -(torch.stack([s.logp for s in steps]) * adv).mean()
        loss_v = F.mse_loss(value, target)
        loss = loss_pi + 0.5 * loss_v - 0.01 * torch.stack([s.entropy for s in steps]).mean()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
        if (u + 1) % 40 == 0:
            print(f"update {u + 1} policy {loss_pi.item():+.3f} value {loss_v.item():.3f} eval return {evaluate(model, 77):.2f}")


if __name__ == "__main__":
    main()

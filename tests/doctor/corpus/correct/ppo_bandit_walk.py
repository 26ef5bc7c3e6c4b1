"""PPO with GAE on a vectorised point-reaching task (continuous actions), one file, annealed rate."""
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions.normal import Normal


@dataclass
class Args:
    seed: int = 1
    num_envs: int = 16
    num_steps: int = 32
    iterations: int = 18
    lr: float = 3e-3
    gamma: float = 0.95
    lam: float = 0.95
    epochs: int = 4
    minibatches: int = 4
    clip: float = 0.2
    vf_coef: float = 0.5
    ent_coef: float = 0.001
    max_grad_norm: float = 0.5


class PointEnvs:
    """n points in the plane walk to the origin; an episode ends there (terminal) and restarts at once."""

    def __init__(self, n, seed):
        self.gen = torch.Generator().manual_seed(seed)
        self.n = n

    def _spawn(self, n):
        return torch.rand(n, 2, generator=self.gen) * 4 - 2

    def reset(self):
        self.pos = self._spawn(self.n)
        return self.pos.clone()

    def step(self, action):
        self.pos = (self.pos + 0.4 * action.clamp(-1, 1)).clamp(-3, 3)
        dist = self.pos.norm(dim=1)
        done = dist < 0.3
        reward = -0.1 * dist + done.float()
        self.pos = torch.where(done[:, None], self._spawn(self.n), self.pos)
        return self.pos.clone(), reward, done.float()


def layer_init(layer, std=np.sqrt(2), bias_const=0.0):
    nn.init.orthogonal_(layer.weight, std)
    nn.init.constant_(layer.bias, bias_const)
    return layer


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.critic = nn.Sequential(layer_init(nn.Linear(2, 48)), nn.Tanh(), layer_init(nn.Linear(48, 1), std=1.0))
        self.actor_mean = nn.Sequential(layer_init(nn.Linear(2, 48)), nn.Tanh(), layer_init(nn.Linear(48, 2), std=0.01))
        self.actor_logstd = nn.Parameter(torch.zeros(1, 2))

    def get_value(self, x):
        return self.critic(x).squeeze(-1)

    def get_action_and_value(self, x, action=None):
        mean = self.actor_mean(x)
        probs = Normal(mean, self.actor_logstd.expand_as(mean).exp())
        if action is None:
            action = probs.sample()
        return action, probs.log_prob(action).sum(1), probs.entropy().sum(1), self.get_value(x)


@torch.no_grad()
def greedy_reach(agent, seed=100, steps=25):
    """Share of points that arrive within the limit under the mean action."""
    env = PointEnvs(200, seed)
    obs, reached = env.reset(), torch.zeros(200, dtype=torch.bool)
    for _ in range(steps):
        obs, _, done = env.step(agent.actor_mean(obs))
        reached |= done.bool()
    return reached.float().mean().item()


if __name__ == "__main__":
    args = Args()
    torch.manual_seed(args.seed)
    envs, agent = PointEnvs(args.num_envs, args.seed), Agent()
    optimizer = optim.Adam(agent.parameters(), lr=args.lr, eps=1e-5)
    T, N = args.num_steps, args.num_envs
    obs, actions = torch.zeros(T, N, 2), torch.zeros(T, N, 2)
    logprobs, rewards, dones, values = (torch.zeros(T, N) for _ in range(4))
    print("reached before training: %.2f" % greedy_reach(agent))
    next_obs, start = envs.reset(), time.time()
    for iteration in range(1, args.iterations + 1):
        optimizer.param_groups[0]["lr"] = (1.0 - (iteration - 1.0) / args.iterations) * args.lr
        for t in range(T):
            obs[t] = next_obs
            with torch.no_grad():
                actions[t], logprobs[t], _, values[t] = agent.get_action_and_value(next_obs)
            next_obs, rewards[t], dones[t] = envs.step(actions[t])
        with torch.no_grad():
            next_value, advantages, last = agent.get_value(next_obs), torch.zeros_like(rewards), 0
            for t in reversed(range(T)):
                following = next_value if t == T - 1 else values[t + 1]
                live = 1.0 - dones[t]
                delta = rewards[t] + args.gamma * following * live - values[t]
                advantages[t] = last = delta + args.gamma * args.lam * live * last
            returns = advantages + values
        flat = [v.reshape(T * N, *v.shape[2:]) for v in (obs, actions, logprobs, advantages, returns)]
        clipfracs = []
        for epoch in range(args.epochs):
            for mb in torch.randperm(T * N).chunk(args.minibatches):
                b_obs, b_act, b_logp, b_adv, b_ret = (v[mb] for v in flat)
                _, newlogprob, entropy, newvalue = agent.get_action_and_value(b_obs, b_act)
                ratio = (newlogprob - b_logp).exp()
                clipfracs.append(((ratio - 1.0).abs() > args.clip).float().mean().item())
                b_adv = (b_adv - b_adv.mean()) / (b_adv.std() + 1e-8)
                pg_loss = torch.max(-b_adv * ratio, -b_adv * ratio.clamp(1 - args.clip, 1 + args.clip)).mean()
                v_loss = 0.5 * (newvalue - b_ret).pow(2).mean()
                loss = pg_loss - args.ent_coef * entropy.mean() + args.vf_coef * v_loss
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
                optimizer.step()
        if iteration % 6 == 0:
            print(f"iteration {iteration} reward/step {rewards.mean():.3f} value loss {v_loss.item():.3f} "
                  f"clipfrac {np.mean(clipfracs):.2f} sps {int(iteration * T * N / (time.time() - start))}")
    print("reached after training: %.2f" % greedy_reach(agent))

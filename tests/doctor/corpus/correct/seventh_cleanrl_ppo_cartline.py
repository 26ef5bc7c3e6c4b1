# PPO, single file, in the manner of CleanRL. The vectorised task is written in torch.
import random
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions.categorical import Categorical


@dataclass
class Args:
    seed: int = 1
    total_timesteps: int = 12288
    learning_rate: float = 2.5e-3
    num_envs: int = 16
    num_steps: int = 64
    anneal_lr: bool = True
    gamma: float = 0.97
    gae_lambda: float = 0.95
    num_minibatches: int = 4
    update_epochs: int = 4
    norm_adv: bool = True
    clip_coef: float = 0.2
    clip_vloss: bool = True
    ent_coef: float = 0.01
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5


class LineEnvs:
    """A cart on a line, pushed left, not at all, or right. An episode lasts exactly `horizon` steps and
    the remaining time is part of the observation, so its end is a real terminal state."""
    n_obs, n_act, horizon = 3, 3, 32

    def __init__(self, n, seed):
        self.n, self.g = n, torch.Generator().manual_seed(seed)

    def _fresh(self, k):
        return (torch.rand(k, generator=self.g) * 4 - 2, torch.zeros(k), torch.zeros(k))

    def reset(self):
        self.x, self.v, self.t = self._fresh(self.n)
        self.ret = torch.zeros(self.n)
        return self.obs()

    def obs(self):
        return torch.stack([self.x, self.v, self.t / self.horizon], 1)

    def step(self, a):
        self.v = 0.9 * self.v + 0.15 * (a.float() - 1)
        self.x = self.x + self.v
        self.t = self.t + 1
        r = -0.1 * self.x.abs().clamp(max=4)
        self.ret = self.ret + r
        done = self.t >= self.horizon
        finished = self.ret[done].tolist()
        if done.any():
            k = int(done.sum())
            for name, fresh in zip(("x", "v", "t"), self._fresh(k)):
                getattr(self, name)[done] = fresh
            self.ret[done] = 0.0
        return self.obs(), r, done.float(), finished


def layer_init(layer, std=np.sqrt(2), bias_const=0.0):
    torch.nn.init.orthogonal_(layer.weight, std)
    torch.nn.init.constant_(layer.bias, bias_const)
    return layer


class Agent(nn.Module):
    def __init__(self, envs):
        super().__init__()
        self.critic = nn.Sequential(layer_init(nn.Linear(envs.n_obs, 32)), nn.Tanh(),
                                    layer_init(nn.Linear(32, 32)), nn.Tanh(),
                                    layer_init(nn.Linear(32, 1), std=1.0))
        self.actor = nn.Sequential(layer_init(nn.Linear(envs.n_obs, 32)), nn.Tanh(),
                                   layer_init(nn.Linear(32, 32)), nn.Tanh(),
                                   layer_init(nn.Linear(32, envs.n_act), std=0.01))

    def get_value(self, x):
        return self.critic(x)

    def get_action_and_value(self, x, action=None):
        probs = Categorical(logits=self.actor(x))
        if action is None:
            action = probs.sample()
        return action, probs.log_prob(action), probs.entropy(), self.critic(x)


def play(agent, seed, episodes=64):
    envs = LineEnvs(episodes, seed)
    o, scores = envs.reset(), []
    with torch.no_grad():
        while not scores:
            o, _, _, finished = envs.step(agent.actor(o).argmax(1))
            scores += finished
    return float(np.mean(scores))


if __name__ == "__main__":
    args = Args()
    batch_size = args.num_envs * args.num_steps
    minibatch_size = batch_size // args.num_minibatches
    num_iterations = args.total_timesteps // batch_size
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)

    envs = LineEnvs(args.num_envs, seed=args.seed)
    agent = Agent(envs)
    optimizer = optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)
    print("greedy return before:", round(play(agent, seed=999), 3))

    shape = (args.num_steps, args.num_envs)
    obs = torch.zeros(shape + (envs.n_obs,))
    actions, logprobs, rewards, dones, values = (torch.zeros(shape) for _ in range(5))
    global_step, start = 0, time.time()
    next_obs, next_done = envs.reset(), torch.zeros(args.num_envs)

    for iteration in range(1, num_iterations + 1):
        if args.anneal_lr:
            frac = 1.0 - (iteration - 1.0) / num_iterations
            optimizer.param_groups[0]["lr"] = frac * args.learning_rate
        episodic = []
        for step in range(args.num_steps):
            global_step += args.num_envs
            obs[step], dones[step] = next_obs, next_done
            with torch.no_grad():
                action, logprob, _, value = agent.get_action_and_value(next_obs)
                values[step] = value.flatten()
            actions[step], logprobs[step] = action, logprob
            next_obs, rewards[step], next_done, finished = envs.step(action)
            episodic += finished

        with torch.no_grad():
            next_value = agent.get_value(next_obs).reshape(1, -1)
            advantages = torch.zeros_like(rewards)
            lastgaelam = 0
            for t in reversed(range(args.num_steps)):
                if t == args.num_steps - 1:
                    nextnonterminal, nextvalues = 1.0 - next_done, next_value
                else:
                    nextnonterminal, nextvalues = 1.0 - dones[t + 1], values[t + 1]
                delta = rewards[t] + args.gamma * nextvalues * nextnonterminal - values[t]
                advantages[t] = lastgaelam = delta + args.gamma * args.gae_lambda * nextnonterminal * lastgaelam
            returns = advantages + values

        b_obs = obs.reshape(-1, envs.n_obs)
        b_logprobs, b_actions = logprobs.reshape(-1), actions.reshape(-1)
        b_advantages, b_returns, b_values = advantages.reshape(-1), returns.reshape(-1), values.reshape(-1)

        b_inds, clipfracs = np.arange(batch_size), []
        for epoch in range(args.update_epochs):
            np.random.shuffle(b_inds)
            for lo in range(0, batch_size, minibatch_size):
                mb = b_inds[lo:lo + minibatch_size]
                _, newlogprob, entropy, newvalue = agent.get_action_and_value(b_obs[mb], b_actions.long()[mb])
                logratio = newlogprob - b_logprobs[mb]
                ratio = logratio.exp()
                with torch.no_grad():
                    approx_kl = ((ratio - 1) - logratio).mean()
                    clipfracs.append(((ratio - 1.0).abs() > args.clip_coef).float().mean().item())
                adv = b_advantages[mb]
                if args.norm_adv:
                    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
                pg_loss = torch.max(-adv * ratio,
                                    -adv * ratio.clamp(1 - args.clip_coef, 1 + args.clip_coef)).mean()
                newvalue = newvalue.view(-1)
                if args.clip_vloss:
                    v_un = (newvalue - b_returns[mb]) ** 2
                    v_cl = b_values[mb] + (newvalue - b_values[mb]).clamp(-args.clip_coef, args.clip_coef)
                    v_loss = 0.5 * torch.max(v_un, (v_cl - b_returns[mb]) ** 2).mean()
                else:
                    v_loss = 0.5 * ((newvalue - b_returns[mb]) ** 2).mean()
                loss = pg_loss - args.ent_coef * entropy.mean() + v_loss * args.vf_coef
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
                optimizer.step()

        y_pred, y_true = b_values.numpy(), b_returns.numpy()
        ev = 1 - np.var(y_true - y_pred) / np.var(y_true)
        if iteration % 4 == 0:
            print(f"step={global_step} return={np.mean(episodic):.3f} kl={approx_kl.item():.4f} "
                  f"clipfrac={np.mean(clipfracs):.3f} explained_var={ev:.3f}")
    print(f"greedy return after: {play(agent, seed=999):.3f} ({time.time() - start:.1f}s)")

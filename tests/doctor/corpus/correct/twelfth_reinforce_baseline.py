"""REINFORCE with a learned value baseline on a 1-D landing problem."""
import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical

GAMMA = 0.98


class Lander:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.x = self.rng.uniform(-1, 1)
        self.v = 0.0
        self.t = 0
        return self.observe()

    def observe(self):
        return torch.tensor([self.x, self.v, self.t / 20], dtype=torch.float32)

    def step(self, action):
        self.v = 0.8 * self.v + 0.15 * (action - 1)
        self.x += self.v
        self.t += 1
        return self.observe(), -abs(self.x), self.t == 20


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 3))
        self.critic = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1))


def discounted(rewards):
    out, running = [], 0.0
    for r in reversed(rewards):
        running = r + GAMMA * running
        out.append(running)
    return torch.tensor(out[::-1], dtype=torch.float32)


def rollout(env, net):
    obs, done = env.reset(), False
    states, actions, rewards = [], [], []
    while not done:
        with torch.no_grad():
            action = Categorical(logits=net.actor(obs)).sample()
        states.append(obs)
        actions.append(action)
        obs, reward, done = env.step(action.item())
        rewards.append(reward)
    return torch.stack(states), torch.stack(actions), rewards


def train(iterations=60, episodes=6):
    torch.manual_seed(4)
    env, net = Lander(seed=4), ActorCritic()
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    for it in range(1, iterations + 1):
        batch = [rollout(env, net) for _ in range(episodes)]
        states = torch.cat([b[0] for b in batch])
        actions = torch.cat([b[1] for b in batch])
        returns = torch.cat([discounted(b[2]) for b in batch])

        values = net.critic(states).squeeze(-1)
        advantage = returns - values.detach()
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        dist = Categorical(logits=net.actor(states))
        policy_loss = -(dist.log_prob(actions) * advantage).mean()
        value_loss = nn.functional.mse_loss(values, returns)
        loss = policy_loss + 0.5 * value_loss - 0.01 * dist.entropy().mean()

        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        if it % 15 == 0:
            score = np.mean([sum(b[2]) for b in batch])
            print(f"iteration {it:3d} mean return {score:.2f} entropy {dist.entropy().mean().item():.2f}")


if __name__ == "__main__":
    train()

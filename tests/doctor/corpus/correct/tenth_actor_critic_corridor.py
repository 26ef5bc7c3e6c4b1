import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical

torch.manual_seed(30)
rng = np.random.default_rng(30)


class Corridor:
    """Walk right to the exit of a slippery corridor. Actions: 0 = left, 1 = right."""

    length = 7
    max_steps = 40

    def reset(self):
        self.x, self.steps = 0, 0
        return self.state()

    def state(self):
        return F.one_hot(torch.tensor(self.x), self.length).float()

    def step(self, action):
        move = 1 if action == 1 else -1
        if rng.random() < 0.15:
            move = -move
        self.x = int(np.clip(self.x + move, 0, self.length - 1))
        self.steps += 1
        terminal = self.x == self.length - 1
        reward = 1.0 if terminal else -0.05
        return self.state(), reward, terminal, self.steps >= self.max_steps


class ActorCritic(nn.Module):
    def __init__(self, n_states, n_actions):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(n_states, 32), nn.Tanh())
        self.actor = nn.Linear(32, n_actions)
        self.critic = nn.Linear(32, 1)

    def forward(self, s):
        h = self.shared(s)
        return Categorical(logits=self.actor(h)), self.critic(h).squeeze(-1)


def rollout(env, net):
    """One episode; the last value bootstraps an episode cut by the time limit."""
    log_probs, values, entropies, rewards = [], [], [], []
    s, terminal, truncated = env.reset(), False, False
    while not (terminal or truncated):
        dist, value = net(s)
        a = dist.sample()
        s, r, terminal, truncated = env.step(a.item())
        log_probs.append(dist.log_prob(a))
        values.append(value)
        entropies.append(dist.entropy())
        rewards.append(r)
    with torch.no_grad():
        tail = 0.0 if terminal else net(s)[1].item()
    return torch.stack(log_probs), torch.stack(values), torch.stack(entropies), rewards, tail


def discounted(rewards, tail, gamma=0.97):
    g, out = tail, []
    for r in reversed(rewards):
        g = r + gamma * g
        out.append(g)
    return torch.tensor(out[::-1])


env = Corridor()
net = ActorCritic(env.length, 2)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)

scores = []
for episode in range(1, 121):
    log_probs, values, entropies, rewards, tail = rollout(env, net)
    returns = discounted(rewards, tail)
    advantage = returns - values.detach()

    actor_loss = -(log_probs * advantage).mean()
    critic_loss = F.smooth_l1_loss(values, returns)
    loss = actor_loss + 0.5 * critic_loss - 0.01 * entropies.mean()

    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()

    scores.append(sum(rewards))
    if episode % 30 == 0:
        print(f"episode {episode}: mean score of last 30 = {np.mean(scores[-30:]):.2f}")

with torch.no_grad():
    dist, value = net(torch.eye(env.length)[:-1])
print("P(right):", [round(p, 2) for p in dist.probs[:, 1].tolist()])
print("V(s):    ", [round(v, 2) for v in value.tolist()])

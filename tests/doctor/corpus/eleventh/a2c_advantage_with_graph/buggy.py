import torch
import torch.nn as nn
from torch.distributions import Categorical

GAMMA = 0.97
N_ENVS, HORIZON = 16, 20


class GridEnv:
    """Batch of agents on a ring of 12 cells, reward at cell 6; a move costs a little. Never terminates."""

    def __init__(self, n):
        self.pos = torch.zeros(n, dtype=torch.long)

    def observe(self):
        return nn.functional.one_hot(self.pos, 12).float()

    def step(self, action):  # 0: left, 1: stay, 2: right
        self.pos = (self.pos + action - 1) % 12
        return (self.pos == 6).float() - 0.02 * (action != 1).float()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(12, 64), nn.Tanh())
        self.actor = nn.Linear(64, 3)
        self.critic = nn.Linear(64, 1)

    def forward(self, obs):
        h = self.body(obs)
        return Categorical(logits=self.actor(h)), self.critic(h).squeeze(-1)


def main(updates=80):
    torch.manual_seed(9)
    env = GridEnv(N_ENVS)
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)

    for update in range(1, updates + 1):
        log_probs, values, rewards, entropies = [], [], [], []
        for _ in range(HORIZON):
            dist, value = net(env.observe())
            action = dist.sample()
            rewards.append(env.step(action))
            log_probs.append(dist.log_prob(action))
            entropies.append(dist.entropy())
            values.append(value)

        with torch.no_grad():
            _, ret = net(env.observe())
        returns = []
        for r in reversed(rewards):
            ret = r + GAMMA * ret
            returns.insert(0, ret)

        returns, values = torch.stack(returns), torch.stack(values)
        advantage = returns - values
        actor_loss = -(torch.stack(log_probs) * advantage).mean()
        critic_loss = advantage.pow(2).mean()
        loss = actor_loss + 0.5 * critic_loss - 0.01 * torch.stack(entropies).mean()

        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        optimizer.step()
        if update % 20 == 0:
            print(f"update {update}: mean reward {torch.stack(rewards).mean().item():.3f}, critic {critic_loss.item():.3f}")


if __name__ == "__main__":
    main()

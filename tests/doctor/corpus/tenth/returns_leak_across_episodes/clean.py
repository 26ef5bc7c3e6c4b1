# REINFORCE on a tiny "stop the needle" game, several episodes per update.
import numpy as np
import torch
import torch.nn as nn

GAMMA = 0.9
EPISODES_PER_UPDATE = 16


class Needle:
    """The needle moves 0..9. Action 1 = stop now. Reward is 1 at 6, 0.3 next to it, else 0."""

    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        self.pos = int(self.rng.integers(0, 4))
        return self.pos

    def step(self, action):
        if action == 1:
            return self.pos, {0: 1.0, 1: 0.3}.get(abs(self.pos - 6), 0.0), True
        self.pos += 1
        return self.pos, 0.0, self.pos == 9


policy = None


def act(pos):
    x = nn.functional.one_hot(torch.tensor(pos), 10).float()
    dist = torch.distributions.Categorical(logits=policy(x))
    a = dist.sample()
    return a.item(), dist.log_prob(a)


def compute_returns(rewards, dones):
    returns, running = [], 0.0
    for r, done in zip(reversed(rewards), reversed(dones)):
        if done:
            running = 0.0
        running = r + GAMMA * running
        returns.append(running)
    return torch.tensor(returns[::-1])


if __name__ == "__main__":
    torch.manual_seed(8)
    env = Needle(np.random.default_rng(8))
    policy = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)

    for update in range(40):
        log_probs, rewards, dones = [], [], []
        for _ in range(EPISODES_PER_UPDATE):
            pos, done = env.reset(), False
            while not done:
                a, lp = act(pos)
                pos, r, done = env.step(a)
                log_probs.append(lp)
                rewards.append(r)
                dones.append(done)
        G = compute_returns(rewards, dones)
        advantage = (G - G.mean()) / (G.std() + 1e-8)
        loss = -(torch.stack(log_probs) * advantage).sum() / EPISODES_PER_UPDATE
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (update + 1) % 10 == 0:
            print(f"update {update + 1}: mean reward per episode {sum(rewards) / EPISODES_PER_UPDATE:.3f}, largest return {G.max():.2f}")

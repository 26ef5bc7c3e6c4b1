import torch
import torch.nn as nn
from torch.distributions import Categorical


class MazeLine:
    """Walk to cell 7 within 14 moves; every move costs a little."""

    def reset(self):
        self.pos, self.t = 0, 0
        return self.state()

    def state(self):
        s = torch.zeros(8)
        s[self.pos] = 1.0
        return s

    def step(self, a):
        self.pos = max(0, self.pos + (1 if a == 1 else -1))
        self.t += 1
        goal = self.pos == 7
        return self.state(), (1.0 if goal else -0.02), goal or self.t == 14


def discounted(rewards, gamma):
    g, out = 0.0, []
    for r in rewards:
        g = r + gamma * g
        out.append(g)
    return torch.tensor(out)


def play(env, policy):
    s, done = env.reset(), False
    log_probs, rewards = [], []
    while not done:
        dist = Categorical(logits=policy(s))
        a = dist.sample()
        log_probs.append(dist.log_prob(a))
        s, r, done = env.step(a.item())
        rewards.append(r)
    return torch.stack(log_probs), rewards


def main(iters=50, episodes_per_update=6, gamma=0.95):
    torch.manual_seed(3)
    env = MazeLine()
    policy = nn.Sequential(nn.Linear(8, 24), nn.Tanh(), nn.Linear(24, 2))
    opt = torch.optim.Adam(policy.parameters(), lr=1e-2)
    baseline = 0.0
    solved = []
    for it in range(iters):
        losses, wins = [], 0
        for _ in range(episodes_per_update):
            logp, rewards = play(env, policy)
            ret = discounted(rewards, gamma)
            losses.append(-(logp * (ret - baseline)).sum())
            baseline = 0.95 * baseline + 0.05 * ret.mean().item()
            wins += rewards[-1] == 1.0
        opt.zero_grad()
        torch.stack(losses).mean().backward()
        opt.step()
        solved.append(wins / episodes_per_update)
    print("solved in the last ten updates:", round(sum(solved[-10:]) / 10, 3))


main()

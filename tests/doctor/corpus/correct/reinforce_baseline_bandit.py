# REINFORCE with reward-to-go and a running baseline: "cart" on a short track
import random
import torch
import torch.nn as nn

random.seed(0)
torch.manual_seed(0)
gamma = 0.98


def rollout(policy, T=25):
    x, v = random.uniform(-1, 1), 0.0
    logps, rewards = [], []
    for _ in range(T):
        d = torch.distributions.Categorical(logits=policy(torch.tensor([x, v])))
        a = d.sample()
        logps.append(d.log_prob(a))
        v = 0.9 * v + 0.15 * (a.item() - 1)
        x = x + v
        rewards.append(-abs(x))
        if abs(x) > 3:
            rewards[-1] -= 5.0
            break
    return torch.stack(logps), rewards


def reward_to_go(rewards):
    out, acc = [], 0.0
    for r in rewards[::-1]:
        acc = r + gamma * acc
        out.insert(0, acc)
    return torch.tensor(out)


class Baseline:
    """Exponential mean of the return for every time step."""

    def __init__(self, T=25, beta=0.8):
        self.m, self.seen, self.beta = torch.zeros(T), torch.zeros(T, dtype=torch.bool), beta

    def advantage(self, G):
        n = len(G)
        base = torch.where(self.seen[:n], self.m[:n], torch.zeros(n))
        return G - base

    def update(self, G):
        n = len(G)
        self.m[:n] = torch.where(self.seen[:n], self.beta * self.m[:n] + (1 - self.beta) * G, G)
        self.seen[:n] = True


policy = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 3))
opt = torch.optim.Adam(policy.parameters(), lr=1e-2)
base = Baseline()
EPISODES_PER_UPDATE = 5

for it in range(35):
    losses, scores = [], []
    for _ in range(EPISODES_PER_UPDATE):
        lp, rew = rollout(policy)
        G = reward_to_go(rew)
        adv = base.advantage(G)
        base.update(G)
        losses.append(-(lp * adv).sum())
        scores.append(sum(rew))
    opt.zero_grad()
    (sum(losses) / EPISODES_PER_UPDATE).backward()
    nn.utils.clip_grad_norm_(policy.parameters(), 5.0)
    opt.step()
    if it % 7 == 6:
        print(f"iteration {it + 1}: mean return {sum(scores) / len(scores):.2f}")

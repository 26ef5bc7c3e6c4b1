import torch
from torch import nn
from torch.distributions import Categorical


class Corridor:
    """Walk right to reach the end; each step costs a little."""

    def __init__(self, length=6):
        self.length = length

    def reset(self):
        self.pos, self.t = 0, 0
        return self.observe()

    def observe(self):
        o = torch.zeros(self.length)
        o[self.pos] = 1.0
        return o

    def step(self, action):
        self.pos = max(0, self.pos + (1 if action == 1 else -1))
        self.t += 1
        done = self.pos == self.length - 1
        return self.observe(), (1.0 if done else -0.05), done or self.t >= 30


class Policy(nn.Module):
    def __init__(self, obs, actions):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(obs, 32), nn.Tanh())
        self.pi = nn.Linear(32, actions)
        self.v = nn.Linear(32, 1)

    def forward(self, o):
        h = self.body(o)
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(-1)


def discounted(rewards, gamma):
    out, g = [], 0.0
    for r in reversed(rewards):
        g = r + gamma * g
        out.append(g)
    return torch.tensor(out[::-1])


def play(env, policy):
    log_probs, values, rewards, entropies = [], [], [], []
    obs, done = env.reset(), False
    while not done:
        dist, value = policy(obs)
        action = dist.sample()
        obs, reward, done = env.step(action.item())
        log_probs.append(dist.log_prob(action))
        entropies.append(dist.entropy())
        values.append(value)
        rewards.append(reward)
    return torch.stack(log_probs), torch.stack(values), torch.stack(entropies), rewards


torch.manual_seed(0)
env, policy = Corridor(), Policy(6, 2)
opt = torch.optim.Adam(policy.parameters(), lr=1e-2)
for episode in range(60):
    logp, values, ent, rewards = play(env, policy)
    returns = discounted(rewards, 0.98)
    advantage = returns - values.detach()
    policy_loss = -(logp * advantage).sum()
    value_loss = nn.functional.smooth_l1_loss(values, returns, reduction="sum")
    loss = policy_loss + 0.5 * value_loss - 0.01 * ent.sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if episode % 15 == 14:
        print(f"episode {episode} steps {len(rewards)} return {sum(rewards):.2f}")

import torch
from torch import nn
from torch.distributions import Categorical

RING, HORIZON, ENVS, GAMMA = 9, 8, 32, 0.95


class ActorCritic(nn.Module):
    def __init__(self, hid=48):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(RING + 1, hid), nn.Tanh(), nn.Linear(hid, 3))
        self.critic = nn.Sequential(nn.Linear(RING + 1, hid), nn.Tanh(), nn.Linear(hid, 1))

    def forward(self, obs):
        return Categorical(logits=self.actor(obs)), self.critic(obs).squeeze(-1)


def observe(pos, goal, t):
    clock = torch.full((len(pos), 1), t / HORIZON)
    return torch.cat([torch.eye(RING)[(goal - pos) % RING], clock], dim=1)


def rollout(model):
    pos, goal = torch.randint(0, RING, (2, ENVS)).unbind(0)
    logps, values, entropies, rewards = [], [], [], []
    for t in range(HORIZON):
        dist, value = model(observe(pos, goal, t))
        action = dist.sample()
        pos = (pos + action - 1) % RING
        gap = (pos - goal).abs()
        rewards.append(-torch.minimum(gap, RING - gap) / 4.0)
        logps.append(dist.log_prob(action))
        values.append(value)
        entropies.append(dist.entropy())
    return map(torch.stack, (logps, values, entropies, rewards))


def discounted(rewards):
    out, acc = torch.empty_like(rewards), torch.zeros(rewards.shape[1])
    for t in reversed(range(len(rewards))):
        acc = rewards[t] + GAMMA * acc
        out[t] = acc
    return out


torch.manual_seed(31)
model = ActorCritic()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for update in range(251):
    logps, values, entropies, rewards = rollout(model)
    returns = discounted(rewards)
    advantage = returns - values
    policy_loss = -(logps * advantage).mean()
    value_loss = advantage.pow(2).mean()
    loss = policy_loss + 0.5 * value_loss - 0.01 * entropies.mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if update % 50 == 0:
        print(update, "reward per step %.3f" % rewards.mean().item(), "value error %.3f" % value_loss.item())

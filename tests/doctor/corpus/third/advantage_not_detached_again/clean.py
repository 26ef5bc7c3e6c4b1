import torch
from torch import nn
from torch.distributions import Categorical

N_STATES, N_ACTIONS, GAMMA = 8, 2, 0.97


class Corridor:
    """start in the middle; +1 at the right end, +0.2 at the left end"""

    def reset(self):
        self.s = 3
        return self.s

    def step(self, a):
        self.s += 1 if a == 1 else -1
        reward = {0: 0.2, N_STATES - 1: 1.0}.get(self.s, -0.01)
        return self.s, reward, self.s in (0, N_STATES - 1)


class ActorCritic(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.actor = nn.Sequential(nn.Embedding(N_STATES, hidden), nn.Tanh(), nn.Linear(hidden, N_ACTIONS))
        self.critic = nn.Sequential(nn.Embedding(N_STATES, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(self, s):
        return Categorical(logits=self.actor(s)), self.critic(s).squeeze(-1)


def rollout(env, model):
    states, actions, rewards, done, s = [], [], [], False, env.reset()
    while not done:
        with torch.no_grad():
            a = model(torch.tensor(s))[0].sample().item()
        states.append(s)
        actions.append(a)
        s, r, done = env.step(a)
        rewards.append(r)
    returns, acc = [], 0.0
    for r in reversed(rewards):
        acc = r + GAMMA * acc
        returns.insert(0, acc)
    return torch.tensor(states), torch.tensor(actions), torch.tensor(returns)


def update(model, opt, batch, value_coef=0.5, entropy_coef=0.01):
    states, actions, returns = batch
    dist, value = model(states)
    advantage = returns - value
    policy_loss = -(dist.log_prob(actions) * advantage.detach()).mean()
    value_loss = advantage.pow(2).mean()
    loss = policy_loss + value_coef * value_loss - entropy_coef * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return value_loss.item()


torch.manual_seed(1)
env, model = Corridor(), ActorCritic()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for it in range(120):
    parts = zip(*[rollout(env, model) for _ in range(4)])
    value_loss = update(model, opt, [torch.cat(p) for p in parts])
    if it % 40 == 39:
        print(it + 1, "value loss", round(value_loss, 4))
with torch.no_grad():
    print("values", [round(v, 2) for v in model(torch.arange(1, N_STATES - 1))[1].tolist()])

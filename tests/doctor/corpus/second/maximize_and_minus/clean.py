import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(2)
n_states, n_actions = 6, 4
best = torch.randint(0, n_actions, (n_states,))


def reward(s, a):
    return (a == best[s]).float() + 0.1 * torch.randn(len(s))


policy = nn.Sequential(nn.Linear(n_states, 32), nn.Tanh(), nn.Linear(32, n_actions))
opt = torch.optim.Adam(policy.parameters(), lr=1e-2)
baseline = 0.0
for it in range(150):
    s = torch.randint(0, n_states, (64,))
    dist = Categorical(logits=policy(nn.functional.one_hot(s, n_states).float()))
    a = dist.sample()
    r = reward(s, a)
    advantage = r - baseline
    baseline = 0.9 * baseline + 0.1 * r.mean().item()
    loss = -(dist.log_prob(a) * advantage).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        print(it, f"mean reward {r.mean():.3f}")

with torch.no_grad():
    a = policy(torch.eye(n_states)).argmax(1)
print("greedy policy is right in", (a == best).float().mean().item())

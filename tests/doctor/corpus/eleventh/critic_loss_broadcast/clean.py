import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(5)

# contextual task, five steps per episode: pick the arm that matches the context
N_ENV, T, N_ARMS = 16, 5, 4
actor = nn.Sequential(nn.Linear(N_ARMS, 32), nn.Tanh(), nn.Linear(32, N_ARMS))
critic = nn.Sequential(nn.Linear(N_ARMS, 32), nn.Tanh(), nn.Linear(32, 1))
optim = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=5e-3)


def rollout():
    states, actions, rewards = [], [], []
    for _ in range(T):
        context = torch.randint(0, N_ARMS, (N_ENV,))
        s = nn.functional.one_hot(context, N_ARMS).float()
        with torch.no_grad():
            a = Categorical(logits=actor(s)).sample()
        states.append(s)
        actions.append(a)
        rewards.append((a == context).float() * (1.0 + context.float()))
    return torch.stack(states), torch.stack(actions), torch.stack(rewards)


def discounted(rewards, gamma=0.9):
    out, running = torch.zeros_like(rewards), torch.zeros(rewards.shape[1])
    for t in reversed(range(rewards.shape[0])):
        running = rewards[t] + gamma * running
        out[t] = running
    return out


for update in range(150):
    states, actions, rewards = rollout()
    returns = discounted(rewards).reshape(-1)
    states, actions = states.reshape(-1, N_ARMS), actions.reshape(-1)
    values = critic(states).squeeze(-1)
    advantage = returns - values
    logp = Categorical(logits=actor(states)).log_prob(actions)
    policy_loss = -(logp * advantage.detach()).mean()
    value_loss = advantage.pow(2).mean()
    optim.zero_grad()
    (policy_loss + 0.5 * value_loss).backward()
    optim.step()
    if update % 50 == 49:
        print(f"update {update + 1}  reward/step {rewards.mean().item():.3f}  value loss {value_loss.item():.3f}")

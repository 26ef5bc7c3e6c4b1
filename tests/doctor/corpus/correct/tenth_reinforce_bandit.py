"""REINFORCE on a contextual bandit with a running-mean baseline."""
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(4)

N_CONTEXTS, N_ARMS = 3, 4
win_prob = torch.tensor([
    [0.1, 0.8, 0.3, 0.2],
    [0.7, 0.2, 0.1, 0.3],
    [0.2, 0.1, 0.3, 0.9],
])

policy = nn.Linear(N_CONTEXTS, N_ARMS)
nn.init.zeros_(policy.weight)
nn.init.zeros_(policy.bias)
optimizer = torch.optim.SGD(policy.parameters(), lr=0.5)

baseline = 0.0
history = []
for step in range(1, 601):
    context = torch.randint(0, N_CONTEXTS, (32,))
    one_hot = nn.functional.one_hot(context, N_CONTEXTS).float()

    dist = Categorical(logits=policy(one_hot))
    arm = dist.sample()
    reward = torch.bernoulli(win_prob[context, arm])

    advantage = reward - baseline
    loss = -(dist.log_prob(arm) * advantage).mean() - 0.01 * dist.entropy().mean()

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    baseline = 0.95 * baseline + 0.05 * reward.mean().item()
    history.append(reward.mean().item())
    if step % 150 == 0:
        print(f"step {step}: reward over last 150 = {sum(history[-150:]) / 150:.3f}")

with torch.no_grad():
    probs = policy(torch.eye(N_CONTEXTS)).softmax(dim=-1)
print("chosen arms:", probs.argmax(dim=-1).tolist(), "best arms:", win_prob.argmax(dim=-1).tolist())
print("expected reward", round((probs * win_prob).sum(-1).mean().item(), 3))

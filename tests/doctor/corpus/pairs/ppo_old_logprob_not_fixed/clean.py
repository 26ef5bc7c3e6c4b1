import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(124)
policy = nn.Sequential(nn.Linear(3, 24), nn.Tanh(), nn.Linear(24, 2))
opt = torch.optim.Adam(policy.parameters(), lr=1e-2)
for update in range(15):
    obs = torch.randn(128, 3)
    with torch.no_grad():
        act = Categorical(logits=policy(obs)).sample()
        old_logp = Categorical(logits=policy(obs)).log_prob(act)
    reward = (act == (obs[:, 0] > 0).long()).float()
    adv = (reward - reward.mean()) / (reward.std() + 1e-8)
    for _ in range(3):
        logp = Categorical(logits=policy(obs)).log_prob(act)
        ratio = (logp - old_logp).exp()
        loss = -torch.min(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    if update % 5 == 0:
        print(update, reward.mean().item())

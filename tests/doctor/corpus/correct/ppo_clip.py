import torch
from torch import nn
from torch.distributions import Normal


class Agent(nn.Module):
    def __init__(self, obs=3, act=1):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(obs, 32), nn.Tanh(), nn.Linear(32, act))
        self.critic = nn.Sequential(nn.Linear(obs, 32), nn.Tanh(), nn.Linear(32, 1))
        self.log_std = nn.Parameter(torch.zeros(act))

    def dist(self, o):
        return Normal(self.actor(o), self.log_std.exp())


torch.manual_seed(32)
agent = Agent()
opt = torch.optim.Adam(agent.parameters(), lr=3e-3, eps=1e-5)
for update in range(10):
    obs = torch.randn(128, 3)
    with torch.no_grad():
        d = agent.dist(obs)
        act = d.sample()
        old_logp = d.log_prob(act).sum(-1)
        ret = -(act.squeeze(-1) - obs[:, 0]).pow(2)
        adv = ret - agent.critic(obs).squeeze(-1)
        adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    for _ in range(4):
        for i in torch.randperm(128).split(32):
            d = agent.dist(obs[i])
            ratio = (d.log_prob(act[i]).sum(-1) - old_logp[i]).exp()
            pg = -torch.min(ratio * adv[i], ratio.clamp(0.8, 1.2) * adv[i]).mean()
            vf = nn.functional.mse_loss(agent.critic(obs[i]).squeeze(-1), ret[i])
            loss = pg + 0.5 * vf - 0.01 * d.entropy().mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            opt.step()
    print(update, "mean return", ret.mean().item())

import torch
import torch.nn as nn


class ActorCritic:
    def __init__(self, n_obs, n_act):
        self.actor = nn.Sequential(nn.Linear(n_obs, 32), nn.Tanh(), nn.Linear(32, n_act))
        self.critic = nn.Sequential(nn.Linear(n_obs, 32), nn.Tanh(), nn.Linear(32, 1))
        self.a_opt = torch.optim.Adam(self.actor.parameters(), lr=3e-3)
        self.c_opt = torch.optim.Adam(self.critic.parameters(), lr=3e-3)

    def update(self, obs, act, ret):
        value = self.critic(obs).squeeze(-1)
        c_loss = nn.functional.mse_loss(value, ret)
        self.c_opt.zero_grad()
        c_loss.backward()
        nn.utils.clip_grad_norm_(self.actor.parameters(), 0.5)
        self.c_opt.step()
        adv = ret - value.detach()
        logp = torch.log_softmax(self.actor(obs), -1).gather(1, act.unsqueeze(1)).squeeze(1)
        a_loss = -(logp * adv).mean()
        self.a_opt.zero_grad()
        a_loss.backward()
        nn.utils.clip_grad_norm_(self.actor.parameters(), 0.5)
        self.a_opt.step()
        return c_loss.item()


torch.manual_seed(0)
agent = ActorCritic(4, 2)
for it in range(60):
    obs = torch.randn(64, 4)
    with torch.no_grad():
        act = torch.distributions.Categorical(logits=agent.actor(obs)).sample()
    ret = torch.where(act == (obs[:, 0] > 0).long(), 10.0, -10.0)
    loss = agent.update(obs, act, ret)
    if it % 20 == 0:
        print(it, "reward", ret.mean().item(), "critic", loss)

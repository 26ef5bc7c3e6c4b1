import torch
import torch.nn as nn
import torch.nn.functional as F


class ActorCritic(nn.Module):
    def __init__(self, n_in, n_actions, hidden=64):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, hidden), nn.Tanh())
        self.pi = nn.Linear(hidden, n_actions)
        self.v = nn.Linear(hidden, 1)

    def forward(self, x):
        h = self.trunk(x)
        return F.log_softmax(self.pi(h), dim=-1), self.v(h).squeeze(-1)


class MazeBatch:
    """32 copies of a line world with a small reward nearby and a big one far away."""

    def __init__(self, n=32):
        self.n, self.pos = n, torch.full((n,), 3)

    def obs(self):
        return F.one_hot(self.pos, 12).float()

    def step(self, a):
        self.pos = (self.pos + 2 * a - 1).clamp(0, 11)
        reward = 0.3 * (self.pos == 0).float() + 2.0 * (self.pos == 11).float()
        done = (self.pos == 0) | (self.pos == 11)
        self.pos = torch.where(done, torch.full_like(self.pos, 3), self.pos)
        return reward, done.float()


def a2c_loss(logp_all, actions, values, returns, value_coef=0.5, entropy_coef=0.02):
    logp = logp_all.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    advantage = (returns - values).detach()
    policy_loss = -(logp * advantage).mean()
    value_loss = F.mse_loss(values, returns)
    entropy = -(logp_all.exp() * logp_all).sum(-1).mean()
    loss = policy_loss + value_coef * value_loss - entropy_coef * entropy
    return loss, entropy


def train(updates=120, n_steps=8, gamma=0.95):
    torch.manual_seed(17)
    env, model = MazeBatch(), ActorCritic(12, 2)
    opt = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    for u in range(updates):
        logps, acts, vals, rews, dones = [], [], [], [], []
        for _ in range(n_steps):
            logp, v = model(env.obs())
            a = torch.multinomial(logp.detach().exp(), 1).squeeze(-1)
            r, d = env.step(a)
            logps.append(logp), acts.append(a), vals.append(v), rews.append(r), dones.append(d)
        with torch.no_grad():
            ret = model(env.obs())[1]
        returns = []
        for r, d in zip(reversed(rews), reversed(dones)):
            ret = r + gamma * (1 - d) * ret
            returns.insert(0, ret)
        loss, ent = a2c_loss(torch.stack(logps), torch.stack(acts), torch.stack(vals), torch.stack(returns))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
        if (u + 1) % 40 == 0:
            print(f"update {u + 1}: reward/step {torch.stack(rews).mean():.4f} entropy {ent.item():.4f}")


train()

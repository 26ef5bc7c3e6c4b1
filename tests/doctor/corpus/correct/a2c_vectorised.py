import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim


class VecBandwalk:
    def __init__(self, n, seed=0):
        self.n = n
        self.rng = np.random.default_rng(seed)
        self.x = self.rng.uniform(-1, 1, n)
        self.t = np.zeros(n, dtype=int)

    def obs(self):
        return np.stack([self.x, np.sign(self.x)], axis=1).astype(np.float32)

    def step(self, a):
        self.x = self.x + np.where(a == 1, 0.1, -0.1) + self.rng.normal(0, 0.02, self.n)
        reward = -np.abs(self.x)
        self.t += 1
        terminated = np.abs(self.x) > 2
        truncated = self.t >= 25
        done = terminated | truncated
        final = self.obs()
        self.x = np.where(done, self.rng.uniform(-1, 1, self.n), self.x)
        self.t = np.where(done, 0, self.t)
        return self.obs(), reward.astype(np.float32), terminated, truncated, final


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
        self.critic = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))

    def act(self, obs):
        d = torch.distributions.Categorical(logits=self.actor(obs))
        a = d.sample()
        return a, d.log_prob(a), d.entropy(), self.critic(obs).squeeze(-1)


def main(num_envs=8, rollout=5, updates=40, gamma=0.97):
    torch.manual_seed(0)
    env = VecBandwalk(num_envs)
    agent = ActorCritic()
    optimizer = optim.RMSprop(agent.parameters(), lr=3e-3, eps=1e-5)
    obs = torch.from_numpy(env.obs())
    for update in range(updates):
        logps, ents, vals, targets_r, nonterm, bootstrap, dones = [], [], [], [], [], [], []
        for _ in range(rollout):
            a, logp, ent, v = agent.act(obs)
            nxt, r, term, trunc, final = env.step(a.numpy())
            with torch.no_grad():
                final_value = agent.critic(torch.from_numpy(final)).squeeze(-1)
            logps.append(logp)
            ents.append(ent)
            vals.append(v)
            targets_r.append(torch.from_numpy(r))
            nonterm.append(torch.from_numpy(1.0 - term.astype(np.float32)))
            dones.append(torch.from_numpy(term | trunc))
            bootstrap.append(final_value)
            obs = torch.from_numpy(nxt)
        returns = []
        with torch.no_grad():
            running = agent.critic(obs).squeeze(-1)
        for t in reversed(range(rollout)):
            nxt_value = torch.where(dones[t], bootstrap[t], running)
            running = targets_r[t] + gamma * nonterm[t] * nxt_value
            returns.insert(0, running)
        returns = torch.stack(returns)
        values = torch.stack(vals)
        adv = (returns - values).detach()
        actor_loss = -(torch.stack(logps) * adv).mean()
        critic_loss = (returns - values).pow(2).mean()
        loss = actor_loss + 0.5 * critic_loss - 0.01 * torch.stack(ents).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
        optimizer.step()
        if update % 10 == 0:
            print(update, float(torch.stack(targets_r).mean()))


if __name__ == "__main__":
    main()

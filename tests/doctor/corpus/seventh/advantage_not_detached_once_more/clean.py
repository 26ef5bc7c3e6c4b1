import argparse

import torch
from torch import nn
from torch.distributions import Categorical


class GridWorlds:
    """Many small grids at once: walk from a random cell to the goal in the corner."""

    def __init__(self, n_envs, side=4, limit=20):
        self.n, self.side, self.limit = n_envs, side, limit
        self.moves = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])
        self.pos = torch.zeros(n_envs, 2, dtype=torch.long)
        self.age = torch.zeros(n_envs, dtype=torch.long)
        self._restart(torch.ones(n_envs, dtype=torch.bool))

    def _restart(self, which):
        k = int(which.sum())
        start = torch.randint(0, self.side * self.side - 1, (k,))
        self.pos[which] = torch.stack([start // self.side, start % self.side], 1)
        self.age[which] = 0

    def observe(self):
        row = nn.functional.one_hot(self.pos[:, 0], self.side)
        col = nn.functional.one_hot(self.pos[:, 1], self.side)
        clock = (self.age.float() / self.limit).unsqueeze(1)
        return torch.cat([row.float(), col.float(), clock], 1)

    def step(self, action):
        self.pos = (self.pos + self.moves[action]).clamp(0, self.side - 1)
        self.age += 1
        won = (self.pos == self.side - 1).all(1)
        done = won | (self.age >= self.limit)
        reward = won.float() - 0.05
        self._restart(done)
        return self.observe(), reward, done


class ActorCritic(nn.Module):
    def __init__(self, n_in, n_actions, h=48):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, h), nn.Tanh())
        self.pi = nn.Linear(h, n_actions)
        self.v = nn.Linear(h, 1)

    def forward(self, obs):
        h = self.body(obs)
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(-1)


def returns(rewards, dones, bootstrap, gamma):
    out, acc = [], bootstrap
    for r, d in zip(reversed(rewards), reversed(dones)):
        acc = r + gamma * acc * (~d)
        out.append(acc)
    return torch.stack(out[::-1])


def a2c_loss(logp, values, rets, entropy, args):
    adv = rets - values
    policy = -(logp * adv.detach()).mean()
    critic = adv.square().mean()
    return policy + args.vf * critic - args.ent * entropy.mean()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--updates", type=int, default=150)
    p.add_argument("--envs", type=int, default=32)
    p.add_argument("--horizon", type=int, default=8)
    p.add_argument("--gamma", type=float, default=0.95)
    p.add_argument("--vf", type=float, default=0.5)
    p.add_argument("--ent", type=float, default=0.01)
    p.add_argument("--lr", type=float, default=5e-3)
    args = p.parse_args()
    torch.manual_seed(33)
    env = GridWorlds(args.envs)
    net = ActorCritic(2 * env.side + 1, 4)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    obs = env.observe()
    for update in range(1, args.updates + 1):
        logps, values, ents, rewards, dones = [], [], [], [], []
        for _ in range(args.horizon):
            dist, v = net(obs)
            a = dist.sample()
            obs, r, d = env.step(a)
            logps.append(dist.log_prob(a))
            values.append(v)
            ents.append(dist.entropy())
            rewards.append(r)
            dones.append(d)
        with torch.no_grad():
            rets = returns(rewards, dones, net(obs)[1], args.gamma)
        loss = a2c_loss(torch.stack(logps), torch.stack(values), rets, torch.stack(ents), args)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if update % 50 == 0:
            print(f"update {update}: reward per step {torch.stack(rewards).mean().item():.3f}")


if __name__ == "__main__":
    main()

"""A2C with n-step returns on a batch of small grid worlds; truncation bootstraps, termination does not."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical

torch.manual_seed(2)
SIZE, ENVS, N, GAMMA, MAX_T = 4, 24, 8, 0.95, 20
MOVES = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])


class Grid:
    def __init__(self):
        self.p = torch.zeros(ENVS, 2, dtype=torch.long)
        self.t = torch.zeros(ENVS, dtype=torch.long)

    def obs(self, p=None):
        p = self.p if p is None else p
        return F.one_hot(p[:, 0] * SIZE + p[:, 1], SIZE * SIZE).float()

    def step(self, a):
        p = (self.p + MOVES[a]).clamp(0, SIZE - 1)
        t = self.t + 1
        goal = (p == SIZE - 1).all(1)
        cut = (t >= MAX_T) & ~goal
        last = self.obs(p)                   # what was reached, before any reset
        reset = goal | cut
        self.p = torch.where(reset[:, None], torch.zeros_like(p), p)
        self.t = torch.where(reset, torch.zeros_like(t), t)
        return last, torch.where(goal, 1.0, -0.01), goal.float(), reset.float()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(SIZE * SIZE, 32), nn.Tanh())
        self.pi, self.v = nn.Linear(32, 4), nn.Linear(32, 1)

    def forward(self, o):
        h = self.body(o)
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(-1)


env, net = Grid(), Net()
opt = torch.optim.RMSprop(net.parameters(), lr=5e-3, alpha=0.99, eps=1e-5)
obs = env.obs()
for update in range(1, 151):
    logp, ent, val, rew, term, reset, nxt_v = [], [], [], [], [], [], []
    goals = 0
    for _ in range(N):
        dist, v = net(obs)
        a = dist.sample()
        reached, r, done, rs = env.step(a)
        with torch.no_grad():
            nxt_v.append(net(reached)[1])
        for store, x in zip((logp, ent, val, rew, term, reset), (dist.log_prob(a), dist.entropy(), v, r, done, rs)):
            store.append(x)
        goals += int(done.sum())
        obs = env.obs()
    ret = nxt_v[-1]
    returns = []
    for i in reversed(range(N)):
        if i < N - 1:
            # at the end of an episode the chain restarts from the value of the state reached
            ret = torch.where(reset[i] > 0, nxt_v[i], ret)
        ret = rew[i] + GAMMA * (1 - term[i]) * ret
        returns.append(ret)
    returns = torch.stack(returns[::-1])
    val = torch.stack(val)
    adv = (returns - val).detach()
    loss = -(torch.stack(logp) * adv).mean() + 0.5 * F.mse_loss(val, returns) - 0.01 * torch.stack(ent).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    opt.step()
    if update % 50 == 0:
        print(f"update {update}: goals per env step {goals / (N * ENVS):.3f} loss {loss.item():+.3f}")

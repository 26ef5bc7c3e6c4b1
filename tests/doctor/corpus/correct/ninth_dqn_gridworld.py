"""Double DQN with replay memory and a soft-updated target network on a 4x4 lake with holes."""
import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.nn.functional as F

Transition = namedtuple("Transition", "s a r s2 done")
HOLES, GOAL, N = {5, 7, 11, 12}, 15, 4


class Lake:
    def reset(self):
        self.p, self.t = 0, 0
        return self.p

    def step(self, a):
        r, c = divmod(self.p, N)
        r = min(max(r + (a == 1) - (a == 3), 0), N - 1)
        c = min(max(c + (a == 2) - (a == 0), 0), N - 1)
        self.p, self.t = r * N + c, self.t + 1
        terminal = self.p in HOLES or self.p == GOAL
        reward = 1.0 if self.p == GOAL else (-1.0 if self.p in HOLES else -0.01)
        return self.p, reward, terminal, self.t >= 30


class Replay:
    def __init__(self, cap):
        self.buf = deque(maxlen=cap)

    def push(self, *a):
        self.buf.append(Transition(*a))

    def sample(self, n):
        b = Transition(*zip(*random.sample(self.buf, n)))
        return (torch.tensor(b.s), torch.tensor(b.a), torch.tensor(b.r),
                torch.tensor(b.s2), torch.tensor(b.done, dtype=torch.float32))

    def __len__(self):
        return len(self.buf)


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(N * N, 48), nn.ReLU(), nn.Linear(48, 4))

    def forward(self, s):
        return self.net(F.one_hot(s, N * N).float())


class Agent:
    gamma, tau, batch = 0.95, 0.05, 32

    def __init__(self):
        self.q, self.target = QNet(), QNet()
        self.target.load_state_dict(self.q.state_dict())
        for p in self.target.parameters():
            p.requires_grad_(False)
        self.opt = torch.optim.AdamW(self.q.parameters(), lr=3e-3, amsgrad=True)
        self.mem = Replay(2000)

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(4)
        with torch.no_grad():
            return self.q(torch.tensor([s])).argmax(1).item()

    def learn(self):
        if len(self.mem) < self.batch:
            return
        s, a, r, s2, done = self.mem.sample(self.batch)
        q = self.q(s).gather(1, a.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            best = self.q(s2).argmax(1, keepdim=True)
            nxt = self.target(s2).gather(1, best).squeeze(1)
            y = r + self.gamma * nxt * (1 - done)
        loss = F.smooth_l1_loss(q, y)
        self.opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(self.q.parameters(), 100)
        self.opt.step()
        with torch.no_grad():
            for tp, p in zip(self.target.parameters(), self.q.parameters()):
                tp.lerp_(p, self.tau)


def play_greedy(agent):
    env, total = Lake(), 0.0
    s, over = env.reset(), False
    while not over:
        s, r, term, trunc = env.step(agent.act(s, 0.0))
        total += r
        over = term or trunc
    return total


def main():
    random.seed(0)
    torch.manual_seed(0)
    env, agent = Lake(), Agent()
    episodes = 110
    for ep in range(episodes):
        eps = max(0.05, 1.0 - ep / (0.7 * episodes))
        s, over = env.reset(), False
        while not over:
            a = agent.act(s, eps)
            s2, r, term, trunc = env.step(a)
            agent.mem.push(s, a, r, s2, term)  # a time limit is not a terminal state
            s, over = s2, term or trunc
            agent.learn()
        if (ep + 1) % 22 == 0:
            print(f"episode {ep + 1} eps {eps:.2f} greedy return {play_greedy(agent):.2f}")


if __name__ == "__main__":
    main()

import argparse
import random
from collections import deque

import torch
import torch.nn as nn


class NStepMemory:
    """Collapses n consecutive transitions into (s_t, a_t, R_t, s_{t+k}, done)."""

    def __init__(self, n, gamma, size=4000):
        self.n, self.gamma = n, gamma
        self.window = deque()
        self.data = deque(maxlen=size)

    def _emit(self):
        ret = sum(self.gamma**i * tr[2] for i, tr in enumerate(self.window))
        s, a = self.window[0][:2]
        s_last, done = self.window[-1][3:]
        self.data.append((s, a, ret, s_last, float(done)))

    def add(self, s, a, r, s2, done):
        self.window.append((s, a, r, s2, done))
        if len(self.window) == self.n:
            self._emit()
            self.window.popleft()
        if done:
            while self.window:
                self._emit()
                self.window.popleft()

    def sample(self, k):
        s, a, r, s2, d = zip(*random.sample(self.data, k))
        return torch.stack(s), torch.tensor(a), torch.tensor(r), torch.stack(s2), torch.tensor(d)


def walk(pos, action):
    pos = pos + (1 if action else -1) if random.random() < 0.9 else pos
    pos = max(pos, 0)
    return pos, (1.0 if pos == 7 else -0.02), pos == 7


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--n-step", type=int, default=3)
    ap.add_argument("--gamma", type=float, default=0.9)
    ap.add_argument("--iters", type=int, default=900)
    args = ap.parse_args()
    random.seed(4)
    torch.manual_seed(4)
    eye = torch.eye(8)
    q, q_old = nn.Linear(8, 2), nn.Linear(8, 2)
    q_old.load_state_dict(q.state_dict())
    opt = torch.optim.Adam(q.parameters(), lr=1e-2)
    memory = NStepMemory(args.n_step, args.gamma)
    pos = 0
    for it in range(args.iters):
        greedy = int(q(eye[pos]).argmax())
        action = random.randint(0, 1) if random.random() < 0.3 else greedy
        nxt, r, done = walk(pos, action)
        memory.add(eye[pos], action, r, eye[nxt], done)
        pos = 0 if done else nxt
        if len(memory.data) < 64:
            continue
        s, a, r, s2, d = memory.sample(32)
        with torch.no_grad():
            y = r + args.gamma * (1 - d) * q_old(s2).max(dim=1).values
        loss = nn.functional.mse_loss(q(s).gather(1, a[:, None]).squeeze(1), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 50 == 0:
            q_old.load_state_dict(q.state_dict())
    print("state values:", [round(v, 3) for v in q(eye[:7]).max(dim=1).values.tolist()])


if __name__ == "__main__":
    main()

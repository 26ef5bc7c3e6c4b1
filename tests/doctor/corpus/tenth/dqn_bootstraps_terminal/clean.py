import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

N_CELLS, GAMMA, BATCH, SYNC = 8, 0.95, 32, 50


class Corridor:
    """Walk left/right; the right end pays 1 and ends the episode, the left end (a pit) ends it with 0."""

    def reset(self):
        self.pos = N_CELLS // 2
        return self.obs()

    def obs(self):
        o = np.zeros(N_CELLS, dtype=np.float32)
        o[self.pos] = 1
        return o

    def step(self, action):
        self.pos += 1 if action == 1 else -1
        done = self.pos in (0, N_CELLS - 1)
        return self.obs(), float(self.pos == N_CELLS - 1), done


def q_net():
    return nn.Sequential(nn.Linear(N_CELLS, 32), nn.ReLU(), nn.Linear(32, 2))


def learn(q, target, opt, memory):
    s, a, r, s2, done = zip(*random.sample(memory, BATCH))
    s, s2 = torch.tensor(np.array(s)), torch.tensor(np.array(s2))
    a = torch.tensor(a).unsqueeze(1)
    r = torch.tensor(r).unsqueeze(1)
    done = torch.tensor(done, dtype=torch.float32).unsqueeze(1)
    with torch.no_grad():
        best_next = target(s2).max(1, keepdim=True).values
        y = r + GAMMA * best_next * (1 - done)
    loss = F.smooth_l1_loss(q(s).gather(1, a), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()


def main():
    random.seed(0); np.random.seed(0); torch.manual_seed(0)
    env, memory = Corridor(), deque(maxlen=2000)
    q, target = q_net(), q_net()
    target.load_state_dict(q.state_dict())
    opt = torch.optim.Adam(q.parameters(), lr=5e-3)
    step, loss = 0, 0.0
    for episode in range(100):
        s, done, eps = env.reset(), False, max(0.1, 1 - episode / 60)
        while not done:
            if random.random() < eps:
                a = random.randrange(2)
            else:
                with torch.no_grad():
                    a = q(torch.from_numpy(s)).argmax().item()
            s2, r, done = env.step(a)
            memory.append((s, a, r, s2, done))
            s, step = s2, step + 1
            if len(memory) >= BATCH:
                loss = learn(q, target, opt, memory)
            if step % SYNC == 0:
                target.load_state_dict(q.state_dict())
    with torch.no_grad():
        values = q(torch.eye(N_CELLS)).max(1).values[1:-1]
    print("steps", step, "last td loss", round(loss, 5))
    print("state values", [round(v, 2) for v in values.tolist()], "(largest possible return is 1)")


main()

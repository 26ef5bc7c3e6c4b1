import random
from collections import deque

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(0)
torch.manual_seed(0)

GAMMA, BATCH, SYNC_EVERY = 0.95, 32, 25


class Corridor:
    """1-D walk, +1 at the right end, episode ends at either side or after 40 moves"""

    def reset(self):
        self.pos, self.t = 4, 0
        return self._obs()

    def _obs(self):
        return F.one_hot(torch.tensor(self.pos), 9).float()

    def step(self, a):
        self.pos += 1 if a == 1 else -1
        self.t += 1
        terminated = self.pos in (0, 8)
        reward = 1.0 if self.pos == 8 else 0.0
        return self._obs(), reward, terminated, self.t >= 40


def build_net():
    return nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 2))


policy_net = build_net()
target_net = policy_net
target_net.load_state_dict(policy_net.state_dict())
optimizer = torch.optim.Adam(policy_net.parameters(), lr=1e-3)
memory = deque(maxlen=2000)
env = Corridor()
step_count = 0

for episode in range(80):
    s = env.reset()
    eps = max(0.05, 0.9 - episode / 40)
    done = False
    while not done:
        if random.random() < eps:
            a = random.randrange(2)
        else:
            with torch.no_grad():
                a = policy_net(s).argmax().item()
        s2, r, terminated, truncated = env.step(a)
        memory.append((s, a, r, s2, float(terminated)))
        s, done = s2, terminated or truncated
        step_count += 1

        if len(memory) >= BATCH:
            bs, ba, br, bs2, bd = zip(*random.sample(memory, BATCH))
            q = policy_net(torch.stack(bs)).gather(1, torch.tensor(ba).unsqueeze(1)).squeeze(1)
            with torch.no_grad():
                q_next = target_net(torch.stack(bs2)).max(1).values
                target = torch.tensor(br) + GAMMA * (1 - torch.tensor(bd)) * q_next
            loss = F.smooth_l1_loss(q, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        if step_count % SYNC_EVERY == 0:
            target_net.load_state_dict(policy_net.state_dict())

with torch.no_grad():
    print("Q at the start cell:", policy_net(env.reset()).tolist(), "steps:", step_count)

import collections
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

# Hyperparameters
learning_rate = 2e-3
gamma = 0.95
buffer_limit = 2000
batch_size = 32


class Corridor:
    """cells 0..8, start in the middle, +1 at the right end, -1 at the left end"""
    n = 9

    def reset(self):
        self.pos = 4
        return self._obs()

    def _obs(self):
        return F.one_hot(torch.tensor(self.pos), self.n).float()

    def step(self, a):
        self.pos += 1 if a == 1 else -1
        done = self.pos in (0, self.n - 1)
        r = 0.0 if not done else (1.0 if self.pos == self.n - 1 else -1.0)
        return self._obs(), r, done


def make_net():
    return nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 2))


def train(q, q_target, memory, optimizer):
    for _ in range(2):
        mini = random.sample(memory, batch_size)
        s = torch.stack([m[0] for m in mini])
        a = torch.tensor([[m[1]] for m in mini])
        r = torch.tensor([[m[2]] for m in mini])
        s_prime = torch.stack([m[3] for m in mini])
        done_mask = torch.tensor([[m[4]] for m in mini])
        q_a = q(s).gather(1, a)
        with torch.no_grad():
            max_q_prime = q_target(s_prime).max(1)[0].unsqueeze(1)
            target = r + gamma * max_q_prime
        loss = F.smooth_l1_loss(q_a, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


torch.manual_seed(0)
random.seed(0)
env, q, q_target = Corridor(), make_net(), make_net()
q_target.load_state_dict(q.state_dict())
memory = collections.deque(maxlen=buffer_limit)
optimizer = torch.optim.Adam(q.parameters(), lr=learning_rate)
score = 0.0
for n_epi in range(160):
    epsilon = max(0.05, 0.5 - 0.005 * n_epi)
    s, done, t = env.reset(), False, 0
    while not done and t < 60:
        with torch.no_grad():
            a = random.randint(0, 1) if random.random() < epsilon else q(s).argmax().item()
        s_prime, r, done = env.step(a)
        memory.append((s, a, r, s_prime, 0.0 if done else 1.0))
        s, t, score = s_prime, t + 1, score + r
    if len(memory) > 100:
        train(q, q_target, memory, optimizer)
    if n_epi % 20 == 19:
        q_target.load_state_dict(q.state_dict())
        print(f"episode {n_epi + 1} avg score {score / 20:.2f} eps {epsilon:.2f} n_buffer {len(memory)}")
        score = 0.0

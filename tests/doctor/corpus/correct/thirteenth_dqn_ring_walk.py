import copy
import random
from collections import deque

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(4)
torch.manual_seed(4)

N, GOAL, HORIZON, GAMMA = 9, 6, 20, 0.95


def one_hot(s):
    return F.one_hot(torch.as_tensor(s), N).float()


def env_step(s, a):
    """Ring of N cells; actions: left, stay, right. Returns next state, reward, terminal."""
    s2 = (s + a - 1) % N
    return s2, (1.0 if s2 == GOAL else -0.05), s2 == GOAL


q_net = nn.Sequential(nn.Linear(N, 32), nn.ReLU(), nn.Linear(32, 3))
target_net = copy.deepcopy(q_net).requires_grad_(False)
optimizer = torch.optim.Adam(q_net.parameters(), lr=3e-3)
buffer = deque(maxlen=2000)


def act(state, eps):
    if random.random() < eps:
        return random.randrange(3)
    with torch.no_grad():
        return q_net(one_hot(state)).argmax().item()


def learn(batch_size=32):
    s, a, r, s2, terminal = zip(*random.sample(buffer, batch_size))
    q = q_net(one_hot(s)).gather(1, torch.tensor(a).unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        # double DQN target
        best = q_net(one_hot(s2)).argmax(1, keepdim=True)
        next_q = target_net(one_hot(s2)).gather(1, best).squeeze(1)
        target = torch.tensor(r) + GAMMA * next_q * (1 - torch.tensor(terminal).float())
    loss = F.smooth_l1_loss(q, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


updates = 0
for episode in range(80):
    state = random.choice([s for s in range(N) if s != GOAL])
    eps = max(0.05, 1.0 - episode / 50)
    for _ in range(HORIZON):
        action = act(state, eps)
        nxt, reward, terminal = env_step(state, action)
        buffer.append((state, action, reward, nxt, terminal))
        state = nxt
        if len(buffer) >= 100:
            learn()
            updates += 1
            if updates % 50 == 0:
                target_net.load_state_dict(q_net.state_dict())
        if terminal:
            break

# greedy evaluation from every start cell
lengths = []
for start in range(N):
    if start == GOAL:
        continue
    s, done, n = start, False, 0
    while not done and n < HORIZON:
        s, _, done = env_step(s, act(s, eps=0.0))
        n += 1
    lengths.append(n)
print("updates:", updates)
print("greedy path lengths:", lengths, "mean", sum(lengths) / len(lengths))

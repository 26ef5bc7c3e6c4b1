import numpy as np
import torch
import torch.nn as nn


class PrioritizedBuffer:
    def __init__(self, capacity, alpha=0.6, eps=1e-3):
        self.capacity, self.alpha, self.eps = capacity, alpha, eps
        self.items, self.next = [], 0
        self.priority = np.zeros(capacity)

    def add(self, item):
        top = self.priority.max() if self.items else 1.0
        if len(self.items) < self.capacity:
            self.items.append(item)
        else:
            self.items[self.next] = item
        self.priority[self.next] = top
        self.next = (self.next + 1) % self.capacity

    def sample(self, n, beta):
        p = self.priority[: len(self.items)] ** self.alpha
        p /= p.sum()
        idx = np.random.choice(len(self.items), n, p=p)
        w = (len(self.items) * p[idx]) ** -beta
        w /= w.max()
        cols = [torch.as_tensor(np.array(c), dtype=torch.float32) for c in zip(*[self.items[i] for i in idx])]
        return idx, torch.as_tensor(w, dtype=torch.float32), cols

    def update(self, idx, td):
        self.priority[idx] = np.abs(td) + self.eps


def build():
    return nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))


np.random.seed(8)
torch.manual_seed(8)
net, tgt = build(), build()
tgt.load_state_dict(net.state_dict())
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
buffer = PrioritizedBuffer(1500)
state = np.random.randn(2)
STEPS = 800
for step in range(STEPS):
    with torch.no_grad():
        greedy = int(net(torch.as_tensor(state, dtype=torch.float32)).argmax())
    action = np.random.randint(2) if np.random.rand() < 0.2 else greedy
    drift = np.array([0.2, -0.2]) if action else np.array([-0.2, 0.2])
    new_state = 0.9 * state + drift + 0.3 * np.random.randn(2)
    # lottery-like reward: mostly a small cost, rarely a large payout
    reward = 5.0 if np.random.rand() < 0.03 else -abs(new_state[0])
    buffer.add((state, action, reward, new_state))
    state = new_state
    if step < 64:
        continue
    beta = min(1.0, 0.4 + 0.6 * step / STEPS)
    idx, weights, (s, a, r, s2) = buffer.sample(32, beta)
    with torch.no_grad():
        y = r + 0.9 * tgt(s2).max(1).values
    td = y - net(s).gather(1, a.long()[:, None]).squeeze(1)
    loss = (weights * td.pow(2)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    buffer.update(idx, td.detach().numpy())
    if step % 100 == 0:
        tgt.load_state_dict(net.state_dict())
with torch.no_grad():
    print("mean Q at the origin", net(torch.zeros(2)).mean().item())

import copy
import random
from collections import deque

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(31)
torch.manual_seed(31)
q = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
target = copy.deepcopy(q).eval()
for p in target.parameters():
    p.requires_grad_(False)
opt = torch.optim.Adam(q.parameters(), lr=2e-3)
buf = deque(maxlen=1000)
s = torch.zeros(2)
for t in range(400):
    eps = max(0.05, 1 - t / 200)
    if random.random() < eps:
        a = random.randrange(2)
    else:
        with torch.no_grad():
            a = int(q(s).argmax())
    s2 = 0.9 * s + torch.randn(2) * 0.3
    r, done = float((s2[0] > 0) == (a == 0)), t % 25 == 24
    buf.append((s, a, r, s2, float(done)))
    s = torch.zeros(2) if done else s2
    if len(buf) >= 64:
        S, A, R, S2, D = zip(*random.sample(buf, 32))
        S, S2 = torch.stack(S), torch.stack(S2)
        A, R, D = torch.tensor(A), torch.tensor(R), torch.tensor(D)
        with torch.no_grad():
            y = R + 0.95 * (1 - D) * target(S2).amax(1)
        loss = F.smooth_l1_loss(q(S).gather(1, A[:, None])[:, 0], y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(q.parameters(), 1.0)
        opt.step()
    if t % 40 == 0:
        target.load_state_dict(q.state_dict())
print("td loss", loss.item())

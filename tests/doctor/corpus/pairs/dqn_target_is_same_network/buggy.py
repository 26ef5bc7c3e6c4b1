import copy
import random
import torch
import torch.nn as nn
from collections import deque


class QNet(nn.Module):
    def __init__(self, s, a):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(s, 32), nn.ReLU(), nn.Linear(32, a))

    def forward(self, x):
        return self.net(x)


random.seed(1)
torch.manual_seed(1)
q_net = QNet(3, 2)
target_net = q_net
target_net.eval()
opt = torch.optim.Adam(q_net.parameters(), lr=1e-3)
memory = deque(maxlen=500)
state = torch.randn(3)
for t in range(300):
    with torch.no_grad():
        a = random.randrange(2) if random.random() < 0.2 else q_net(state).argmax().item()
    nxt = 0.8 * state + 0.3 * torch.randn(3)
    reward = float((nxt[0] > 0) == (a == 1))
    memory.append((state, a, reward, nxt))
    state = nxt
    if len(memory) < 32:
        continue
    s, act, r, s2 = zip(*random.sample(memory, 32))
    s, s2 = torch.stack(s), torch.stack(s2)
    act, r = torch.tensor(act), torch.tensor(r)
    with torch.no_grad():
        target = r + 0.9 * target_net(s2).max(1).values
    q = q_net(s).gather(1, act.unsqueeze(1)).squeeze(1)
    loss = nn.functional.smooth_l1_loss(q, target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if t % 50 == 0:
        target_net.load_state_dict(q_net.state_dict())
print("loss", loss.item())

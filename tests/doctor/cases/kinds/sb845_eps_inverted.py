# SB845
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

q = nn.Linear(4, 2)
opt = torch.optim.Adam(q.parameters())
eps = 1.0
def act(s, eps):
    if random.random() > eps:
        return random.randrange(2)
    with torch.no_grad():
        return q(s).argmax().item()
for ep in range(100):
    a = act(s, eps)
    s2, r, done = env.step(a)
    eps = max(0.05, eps * 0.99)
    loss = (q(s)[a] - r) ** 2
    opt.zero_grad(); loss.backward(); opt.step()

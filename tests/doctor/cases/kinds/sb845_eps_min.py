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
for ep in range(100):
    if random.random() < eps:
        a = random.randrange(2)
    else:
        a = q(s).argmax().item()
    s2, r, done = env.step(a)
    eps = min(0.05, eps * 0.99)
    loss = (q(s)[a] - r) ** 2
    opt.zero_grad(); loss.backward(); opt.step()

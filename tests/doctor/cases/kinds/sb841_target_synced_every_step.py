# SB841
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

q = nn.Linear(4, 2)
target = copy.deepcopy(q)
opt = torch.optim.Adam(q.parameters())
for s, a, r, s2, d in loader:
    target.load_state_dict(q.state_dict())
    with torch.no_grad():
        y = r + 0.99 * (1 - d) * target(s2).max(1).values
    loss = F.mse_loss(q(s).gather(1, a.unsqueeze(1)).squeeze(1), y)
    opt.zero_grad(); loss.backward(); opt.step()

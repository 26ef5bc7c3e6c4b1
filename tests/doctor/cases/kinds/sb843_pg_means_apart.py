# SB843
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

policy = nn.Linear(4, 2)
opt = torch.optim.Adam(policy.parameters())
for s, action, adv in loader:
    d = Categorical(logits=policy(s))
    loss = -d.log_prob(action).mean() * adv.mean()
    opt.zero_grad(); loss.backward(); opt.step()

# SB843
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

policy = nn.Linear(4, 2)
opt = torch.optim.Adam(policy.parameters())
for ep in range(100):
    d = Categorical(logits=policy(s))
    action = d.sample()
    s, reward, done = env.step(action)
    logp = d.log_prob(d.sample())
    loss = -(logp * reward).mean()
    opt.zero_grad(); loss.backward(); opt.step()

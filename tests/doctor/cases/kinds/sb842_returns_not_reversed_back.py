# SB842
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

policy = nn.Linear(4, 2)
opt = torch.optim.Adam(policy.parameters())
for ep in range(100):
    logps, rewards = [], []
    s = env.reset()
    done = False
    while not done:
        d = Categorical(logits=policy(s))
        a = d.sample()
        logps.append(d.log_prob(a))
        s, r, done = env.step(a.item())
        rewards.append(r)
    R, returns = 0.0, []
    for r in reversed(rewards):
        R = r + 0.99 * R
        returns.append(R)
    returns = torch.tensor(returns)
    loss = -(torch.stack(logps) * returns).sum()
    opt.zero_grad(); loss.backward(); opt.step()

# SB844
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

net = nn.Linear(4, 3)
opt = torch.optim.Adam(net.parameters())
for epoch in range(10):
    logp = Categorical(logits=net(states)).log_prob(actions)
    ratio = (logp - old).exp()
    loss = -torch.max(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean()
    opt.zero_grad(); loss.backward(); opt.step()

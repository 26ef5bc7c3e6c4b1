import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

class Att(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(32, 32), nn.Linear(32, 32), nn.Linear(32, 32)
        self.fc = nn.Linear(32, 2)
    def forward(self, x, pad):
        q, k, v = self.q(x), self.k(x), self.v(x)
        s = q @ k.transpose(-2, -1) / math.sqrt(32)
        s = s.masked_fill(pad.unsqueeze(1), float("-inf"))
        w = s.softmax(-1)
        return self.fc((w @ v).mean(1))
net = Att()
opt = torch.optim.Adam(net.parameters())
for x, ids, y in loader:
    loss = F.cross_entropy(net(x, ids == 0), y)
    opt.zero_grad(); loss.backward(); opt.step()

# SB852
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 32, padding_idx=0)
        self.rnn = nn.GRU(32, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)
    def forward(self, ids, lengths):
        lengths, order = lengths.sort(descending=True)
        p = pack_padded_sequence(self.emb(ids[order]), lengths, batch_first=True)
        _, h = self.rnn(p)
        return self.fc(h[-1])
net = Net()
opt = torch.optim.Adam(net.parameters())
for x, lengths, y in loader:
    loss = F.cross_entropy(net(x, lengths), y)
    opt.zero_grad(); loss.backward(); opt.step()

# SB228
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
        self.rnn = nn.LSTM(32, 16, batch_first=True, num_layers=2)
        self.fc = nn.Linear(16, 2)
    def forward(self, ids, lengths):
        p = pack_padded_sequence(self.emb(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.rnn(p)
        return self.fc(h[0])
net = Net()
opt = torch.optim.Adam(net.parameters())
for x, lengths, y in loader:
    loss = F.cross_entropy(net(x, lengths), y)
    opt.zero_grad(); loss.backward(); opt.step()

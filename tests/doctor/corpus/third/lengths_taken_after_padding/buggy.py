import random
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD = 0


def sample(rnd):
    """digits 1..8; the label says whether the last digit is larger than the first"""
    n = rnd.randint(3, 18)
    seq = [rnd.randint(1, 8) for _ in range(n)]
    while seq[-1] == seq[0]:
        seq[-1] = rnd.randint(1, 8)
    return torch.tensor(seq), float(seq[-1] > seq[0])


def collate(batch):
    seqs, labels = zip(*batch)
    padded = pad_sequence(list(seqs), batch_first=True, padding_value=PAD)
    lengths = torch.tensor([len(s) for s in padded])
    return padded, lengths, torch.tensor(labels)


class LastState(nn.Module):
    def __init__(self, d=24):
        super().__init__()
        self.emb = nn.Embedding(9, d, padding_idx=PAD)
        self.gru = nn.GRU(d, 2 * d, batch_first=True)
        self.out = nn.Linear(2 * d, 1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.emb(ids), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.out(h[-1]).squeeze(1)


rnd = random.Random(71)
torch.manual_seed(71)
train = DataLoader([sample(rnd) for _ in range(900)], batch_size=45, shuffle=True, collate_fn=collate)
valid = DataLoader([sample(rnd) for _ in range(300)], batch_size=50, collate_fn=collate)
net = LastState()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
crit = nn.BCEWithLogitsLoss()
for epoch in range(8):
    net.train()
    for ids, lengths, t in train:
        opt.zero_grad()
        crit(net(ids, lengths), t).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    net.eval()
    ok = 0
    with torch.no_grad():
        for ids, lengths, t in valid:
            ok += ((net(ids, lengths) > 0).float() == t).sum().item()
    if epoch % 2:
        print(epoch, ok / 300)

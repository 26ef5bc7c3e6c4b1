import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor(labels)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(20, 12, padding_idx=0)
        self.rnn = nn.LSTM(12, 16, batch_first=True, bidirectional=True)
        self.out = nn.Linear(32, 2)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.emb(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.rnn(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        mask = (torch.arange(out.size(1))[None] < lengths[:, None]).unsqueeze(-1)
        return self.out(out.masked_fill(~mask, -1e9).amax(1))


torch.manual_seed(6)
data = []
for _ in range(240):
    s = torch.randint(1, 20, (int(torch.randint(3, 12, (1,))),))
    data.append((s, int((s == 7).any())))
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(4):
    net.train()
    for ids, n, y in DataLoader(data[:200], batch_size=20, shuffle=True, collate_fn=collate):
        opt.zero_grad()
        nn.functional.cross_entropy(net(ids, n), y).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        hit = sum((net(ids, n).argmax(1) == y).sum().item() for ids, n, y in DataLoader(data[200:], 20, collate_fn=collate))
    print(epoch, hit / 40)

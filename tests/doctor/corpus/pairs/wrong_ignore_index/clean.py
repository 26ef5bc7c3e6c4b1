import torch
from torch import nn

torch.manual_seed(127)
VOCAB, LEN = 14, 10
ids = torch.randint(1, VOCAB, (300, LEN))
n = torch.randint(3, LEN + 1, (300,))
ids[torch.arange(LEN) >= n[:, None]] = 0
tags = torch.where(ids > 0, ids % 4 + 1, torch.zeros_like(ids))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, 16, padding_idx=0)
        self.conv = nn.Conv1d(16, 32, 3, padding=1)
        self.out = nn.Linear(32, 5)

    def forward(self, s):
        h = self.conv(self.emb(s).transpose(1, 2)).relu().transpose(1, 2)
        return self.out(h)


net = Tagger()
crit = nn.CrossEntropyLoss(ignore_index=0)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(4):
    net.train()
    for i in torch.randperm(240).split(24):
        opt.zero_grad()
        crit(net(ids[i]).flatten(0, 1), tags[i].flatten()).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        real = ids[240:] > 0
        print(epoch, (net(ids[240:]).argmax(-1) == tags[240:])[real].float().mean().item())

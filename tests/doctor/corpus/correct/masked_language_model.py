import torch
from torch import nn

torch.manual_seed(13)
PAD, MASK, V = 0, 1, 20
ids = (torch.randint(0, 18, (300, 1)) + torch.arange(10)) % 18 + 2


class Bert(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.tok = nn.Embedding(V, d, padding_idx=PAD)
        self.pos = nn.Parameter(torch.randn(10, d) * 0.02)
        self.enc = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True)
        self.out = nn.Linear(d, V)

    def forward(self, s):
        return self.out(self.enc(self.tok(s) + self.pos))


net = Bert()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for epoch in range(4):
    net.train()
    for i in torch.randperm(300).split(30):
        s = ids[i].clone()
        pick = torch.rand(s.shape) < 0.2
        labels = torch.where(pick, s, torch.full_like(s, -100))
        s[pick] = MASK
        loss = nn.functional.cross_entropy(net(s).reshape(-1, V), labels.reshape(-1))
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())

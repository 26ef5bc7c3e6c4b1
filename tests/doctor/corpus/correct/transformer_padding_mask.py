import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self, vocab, d=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=0)
        self.pos = nn.Parameter(torch.zeros(20, d))
        layer = nn.TransformerEncoderLayer(d, 4, 48, dropout=0.1, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(d, 2)

    def forward(self, ids):
        pad = ids.eq(0)
        h = self.enc(self.emb(ids) + self.pos[: ids.size(1)], src_key_padding_mask=pad)
        keep = (~pad).unsqueeze(-1).float()
        return self.out((h * keep).sum(1) / keep.sum(1).clamp_min(1))


torch.manual_seed(47)
ids = torch.randint(1, 30, (300, 14))
n = torch.randint(4, 15, (300,))
ids[torch.arange(14) >= n[:, None]] = 0
y = (ids == 5).any(1).long()
net = Classifier(30)
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for epoch in range(4):
    net.train()
    for i in torch.randperm(240).split(24):
        opt.zero_grad()
        nn.functional.cross_entropy(net(ids[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(ids[240:]).argmax(1) == y[240:]).float().mean().item())

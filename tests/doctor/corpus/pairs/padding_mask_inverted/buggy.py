import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, vocab=20, d=24, heads=4):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=0)
        layer = nn.TransformerEncoderLayer(d, heads, 48, dropout=0.0, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(d, 2)

    def forward(self, ids):
        mask = ids != 0
        h = self.enc(self.emb(ids), src_key_padding_mask=mask)
        return self.head(h[:, 0])


def make(n, max_len=10):
    ids = torch.randint(1, 20, (n, max_len))
    length = torch.randint(3, max_len, (n,))
    ids = ids * (torch.arange(max_len)[None] < length[:, None])
    return ids, (ids == 7).any(1).long()


torch.manual_seed(43)
ids, y = make(500)
model = Encoder()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(5):
    model.train()
    for b in torch.randperm(400).split(40):
        loss = nn.functional.cross_entropy(model(ids[b]), y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (model(ids[400:]).argmax(1) == y[400:]).float().mean().item())

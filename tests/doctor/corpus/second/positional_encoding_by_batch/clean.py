import math
import torch
from torch import nn


class SinusoidalEncoding(nn.Module):
    def __init__(self, d_model, max_len=512):
        super().__init__()
        pos = torch.arange(max_len).unsqueeze(1)
        freq = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(pos * freq)
        pe[:, 0, 1::2] = torch.cos(pos * freq)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[:x.size(1)].transpose(0, 1)


class OrderNet(nn.Module):
    """Says whether symbol 1 occurs before symbol 2. Input: (batch, time)."""

    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(12, d)
        self.pos = SinusoidalEncoding(d)
        layer = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(d, 1)

    def forward(self, ids):
        x = self.pos(self.emb(ids) * math.sqrt(self.emb.embedding_dim))
        return self.head(self.enc(x).mean(dim=1)).squeeze(1)


def make(n, g):
    ids = torch.randint(3, 12, (n, 10), generator=g)
    places = torch.stack([torch.randperm(10, generator=g)[:2] for _ in range(n)])
    ids.scatter_(1, places[:, :1], 1)
    ids.scatter_(1, places[:, 1:], 2)
    return ids, (places[:, 0] < places[:, 1]).float()


g = torch.Generator().manual_seed(0)
torch.manual_seed(0)
x_train, y_train = make(1500, g)
x_test, y_test = make(300, g)
net = OrderNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
bce = nn.BCEWithLogitsLoss()
for epoch in range(7):
    net.train()
    for idx in torch.randperm(1500, generator=g).split(50):
        opt.zero_grad()
        bce(net(x_train[idx]), y_train[idx]).backward()
        opt.step()
    net.eval()
    with torch.inference_mode():
        acc = ((net(x_test) > 0).float() == y_test).float().mean().item()
    print(f"epoch {epoch} | test accuracy {acc:.3f}")

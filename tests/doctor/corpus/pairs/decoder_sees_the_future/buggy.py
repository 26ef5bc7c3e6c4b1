import torch
from torch import nn

torch.manual_seed(211)
V, L = 10, 6


class Translator(nn.Module):
    def __init__(self, d=24):
        super().__init__()
        self.src, self.tgt = nn.Embedding(V, d), nn.Embedding(V, d)
        self.pos = nn.Parameter(torch.randn(L + 1, d) * 0.1)
        layer = nn.TransformerDecoderLayer(d, 4, 48, dropout=0.0, batch_first=True)
        self.dec = nn.TransformerDecoder(layer, 1)
        self.out = nn.Linear(d, V)

    def forward(self, s, t):
        mem = self.src(s) + self.pos[: s.size(1)]
        q = self.tgt(t) + self.pos[: t.size(1)]
        h = self.dec(q, mem)
        return self.out(h)


net = Translator()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(50):
    net.train()
    s = torch.randint(1, V, (32, L))
    full = torch.cat([torch.zeros(32, 1, dtype=torch.long), (s + 3) % V], 1)
    logits = net(s, full[:, :-1])
    loss = nn.functional.cross_entropy(logits.reshape(-1, V), full[:, 1:].reshape(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 10 == 0:
        print(step, loss.item())

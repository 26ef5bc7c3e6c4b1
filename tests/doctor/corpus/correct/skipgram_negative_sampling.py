import torch
from torch import nn
import torch.nn.functional as F


class SkipGram(nn.Module):
    def __init__(self, v, d):
        super().__init__()
        self.inp, self.out = nn.Embedding(v, d), nn.Embedding(v, d)
        nn.init.uniform_(self.inp.weight, -0.5 / d, 0.5 / d)
        nn.init.zeros_(self.out.weight)

    def forward(self, c, pos, neg):
        e = self.inp(c)
        p = (e * self.out(pos)).sum(1)
        n = torch.bmm(self.out(neg), e.unsqueeze(2)).squeeze(2)
        return -(F.logsigmoid(p) + F.logsigmoid(-n).sum(1)).mean()


torch.manual_seed(14)
corpus = torch.randint(0, 10, (3000,)) + 10 * (torch.arange(3000) // 50 % 3)
model = SkipGram(30, 8)
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(80):
    c = torch.randint(2, 2998, (128,))
    off = torch.tensor([-2, -1, 1, 2])[torch.randint(0, 4, (128,))]
    loss = model(corpus[c], corpus[c + off], torch.randint(0, 30, (128, 5)))
    opt.zero_grad()
    loss.backward()
    opt.step()
print(loss.item())

# 글자 단위 언어 모델 (GRU)
import math
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

rng = random.Random(4)
WHO = "the old man,a grey cat,my brother,the tall woman,her dog,some sailor,the king,a small bird".split(",")
DOES = "sat,slept,waited,sang,fell,stood,looked back,laughed".split(",")
WHERE = "on the mat,by the door,near the river,under a tree,in the rain,at the gate,behind the wall".split(",")
WHEN = "today,at noon,last year,for an hour,once more,in may,until dawn".split(",")
TEXT = " ".join(f"{rng.choice(WHO)} {rng.choice(DOES)} {rng.choice(WHERE)} {rng.choice(WHEN)}." for _ in range(220))
chars = sorted(set(TEXT))
stoi = {c: i for i, c in enumerate(chars)}
itos = dict(enumerate(chars))


class Windows(torch.utils.data.Dataset):
    def __init__(self, ids, T, stride):
        self.ids, self.T, self.stride = ids, T, stride

    def __len__(self):
        return (len(self.ids) - self.T - 1) // self.stride + 1

    def __getitem__(self, i):
        s = i * self.stride
        x = self.ids[s:s + self.T]
        y = self.ids[s + 1:s + 1 + self.T]
        return x, y


class CharLM(nn.Module):
    def __init__(self, V, d=32, h=64):
        super().__init__()
        self.e = nn.Embedding(V, d)
        self.r = nn.GRU(d, h, batch_first=True)
        self.o = nn.Linear(h, V)

    def forward(self, x, s=None):
        y, s = self.r(self.e(x), s)
        return self.o(y), s


@torch.no_grad()
def perplexity(net, loader):
    net.eval()
    nll, n = 0.0, 0
    for x, y in loader:
        z, _ = net(x)
        nll += F.cross_entropy(z.transpose(1, 2), y, reduction="sum").item()
        n += y.numel()
    return math.exp(nll / n)


@torch.no_grad()
def babble(net, start, n):
    net.eval()
    x, s, out = torch.tensor([[stoi[start]]]), None, start
    for _ in range(n):
        z, s = net(x, s)
        x = torch.multinomial(z[:, -1].softmax(-1), 1)
        out += itos[x.item()]
    return out


torch.manual_seed(11)
ids = torch.tensor([stoi[c] for c in TEXT])
cut = int(0.9 * len(ids))
# 학습 창은 서로 겹치고, 검증 창은 겹치지 않는다
tr = torch.utils.data.DataLoader(Windows(ids[:cut], 24, 7), batch_size=32, shuffle=True)
va = torch.utils.data.DataLoader(Windows(ids[cut:], 24, 24), batch_size=32)
net = CharLM(len(chars))
opt = torch.optim.AdamW(net.parameters(), lr=5e-3)
for ep in range(5):
    net.train()
    for x, y in tr:
        z, _ = net(x)
        loss = F.cross_entropy(z.flatten(0, 1), y.flatten())
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
    print(ep, "val ppl %.2f" % perplexity(net, va))
print(babble(net, "t", 60))

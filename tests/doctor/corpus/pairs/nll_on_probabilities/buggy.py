import torch as th
from torch import nn

th.manual_seed(4)
V, D, C, L = 40, 12, 5, 7
tok = th.randint(0, V, (600, L))
lab = tok.float().mean(1).div(V / C).long().clamp_(0, C - 1)

bag = nn.EmbeddingBag(V, D, mode="mean")
cls = nn.Linear(D, C)
act = nn.Softmax(dim=-1)
ps = [*bag.parameters(), *cls.parameters()]
opt = th.optim.Adam(ps, lr=1e-2)
nll = nn.NLLLoss()

for ep in range(6):
    for ix in th.randperm(500).split(50):
        lp = act(cls(bag(tok[ix])))
        l = nll(lp, lab[ix])
        opt.zero_grad()
        l.backward()
        opt.step()
    with th.no_grad():
        a = (cls(bag(tok[500:])).argmax(-1) == lab[500:]).float().mean()
    print(ep, f"{l.item():.3f} {a.item():.3f}")

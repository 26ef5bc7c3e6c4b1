import itertools
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(20)


def net(o):
    return nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, o))


G, H, DA, DB = net(2), net(2), net(1), net(1)
og = torch.optim.Adam(itertools.chain(G.parameters(), H.parameters()), lr=1e-3, betas=(0.5, 0.999))
od = torch.optim.Adam(itertools.chain(DA.parameters(), DB.parameters()), lr=1e-3, betas=(0.5, 0.999))


def set_requires_grad(nets, flag):
    for n in nets:
        for p in n.parameters():
            p.requires_grad = flag


for it in range(40):
    a, b = torch.randn(32, 2), torch.randn(32, 2) * 0.5 + 2
    set_requires_grad([DA, DB], False)
    fb, fa = G(a), H(b)
    adv = F.mse_loss(DB(fb), torch.ones(32, 1)) + F.mse_loss(DA(fa), torch.ones(32, 1))
    cyc = F.l1_loss(H(fb), a) + F.l1_loss(G(fa), b)
    og.zero_grad()
    (adv + 10 * cyc).backward()
    og.step()
    set_requires_grad([DA, DB], True)
    od.zero_grad()
    for D, real, fake in ((DA, a, fa), (DB, b, fb)):
        loss = 0.5 * (F.mse_loss(D(real), torch.ones(32, 1)) + F.mse_loss(D(fake.detach()), torch.zeros(32, 1)))
        loss.backward()
    od.step()
print(adv.item(), cyc.item(), loss.item())

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(23)
gen = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 4))
dis = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 1))
og = torch.optim.Adam(gen.parameters(), 2e-4, betas=(0.5, 0.999))
od = torch.optim.Adam(dis.parameters(), 2e-4, betas=(0.5, 0.999))
mix = torch.randn(4, 4)


def adv(logit, is_real):
    target = torch.ones_like(logit) if is_real else torch.zeros_like(logit)
    return F.binary_cross_entropy_with_logits(logit, target)


for it in range(200):
    real = torch.randn(64, 4) @ mix + 1
    fake = gen(torch.randn(64, 8))
    od.zero_grad()
    loss_d = adv(dis(real), True) + adv(dis(fake.detach()), False)
    loss_d.backward()
    od.step()
    og.zero_grad()
    loss_g = adv(dis(fake), False)
    loss_g.backward()
    og.step()
    if it % 50 == 0:
        print(it, round(loss_d.item(), 3), round(loss_g.item(), 3))

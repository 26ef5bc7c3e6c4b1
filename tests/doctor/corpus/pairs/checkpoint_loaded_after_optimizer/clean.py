import copy
import torch
import torch.nn as nn


def make_model():
    return nn.Sequential(nn.Linear(4, 32), nn.SiLU(), nn.Linear(32, 1))


def pretrained(x):
    m = make_model()
    o = torch.optim.Adam(m.parameters(), lr=3e-3)
    for _ in range(50):
        o.zero_grad()
        nn.functional.mse_loss(m(x), x.sum(1, keepdim=True)).backward()
        o.step()
    return m


torch.manual_seed(59)
x = torch.rand(400, 4)
y = x.sum(1, keepdim=True).square()
source = pretrained(x)

model = make_model()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
model.load_state_dict(source.state_dict())

for epoch in range(6):
    model.train()
    for b in torch.randperm(400).split(40):
        loss = nn.functional.mse_loss(model(x[b]), y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", round(loss.item(), 5))

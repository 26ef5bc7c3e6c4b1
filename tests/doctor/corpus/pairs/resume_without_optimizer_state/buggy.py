import os
import tempfile
import torch
import torch.nn as nn


def build():
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    return model, opt


def train(model, opt, x, y, first, last):
    for epoch in range(first, last):
        model.train()
        for i in torch.randperm(len(x)).split(40):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(x[i]), y[i])
            loss.backward()
            opt.step()
        print("epoch", epoch, loss.item())


torch.manual_seed(2)
x = torch.randn(400, 6)
y = x[:, :1] * x[:, 1:2]
model, opt = build()
train(model, opt, x, y, 0, 4)
path = os.path.join(tempfile.mkdtemp(), "last.pt")
torch.save({"epoch": 4, "model": model.state_dict()}, path)

model, opt = build()
ckpt = torch.load(path)
model.load_state_dict(ckpt["model"])
train(model, opt, x, y, ckpt["epoch"], 8)

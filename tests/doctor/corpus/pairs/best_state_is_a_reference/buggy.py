import torch
import torch.nn as nn
import torch.nn.functional as F


class EarlyStopping:
    def __init__(self, patience=3):
        self.patience = patience
        self.best = float("inf")
        self.wait = 0
        self.state = None

    def update(self, value, model):
        if value < self.best:
            self.best = value
            self.wait = 0
            self.state = model.state_dict()
        else:
            self.wait += 1
        return self.wait >= self.patience


torch.manual_seed(80)
x = torch.randn(300, 20)
y = ((x[:, 0] + 0.7 * torch.randn(300)) > 0).long()
model = nn.Sequential(nn.Linear(20, 128), nn.ReLU(), nn.Linear(128, 2))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
stopper = EarlyStopping()
for epoch in range(30):
    model.train()
    for i in torch.randperm(200).split(20):
        opt.zero_grad()
        F.cross_entropy(model(x[i]), y[i]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        val = F.cross_entropy(model(x[200:]), y[200:]).item()
    if stopper.update(val, model):
        break
model.load_state_dict(stopper.state)
model.eval()
with torch.no_grad():
    final = F.cross_entropy(model(x[200:]), y[200:]).item()
print("best", round(stopper.best, 4), "restored", round(final, 4), "after", epoch)

import torch
import torch.nn as nn
import torch.nn.functional as F


class EarlyStop:
    """stop when the validation loss has not improved for `patience` epochs in a row"""

    def __init__(self, patience=4):
        self.patience = patience
        self.best_loss = float("inf")
        self.best_state = None
        self.interval = 0

    def __call__(self, val_loss, model):
        if val_loss < self.best_loss:
            self.best_loss = val_loss
            self.best_state = {k: v.clone() for k, v in model.state_dict().items()}
        else:
            self.interval += 1
        return self.interval >= self.patience


torch.manual_seed(77)
x = torch.rand(700, 3) * 2 - 1
y = torch.sin(3 * x[:, :1]) + x[:, 1:2] * x[:, 2:] + 0.2 * torch.randn(700, 1)
tr, va, te = slice(0, 400), slice(400, 550), slice(550, 700)

model = nn.Sequential(nn.Linear(3, 48), nn.Tanh(), nn.Linear(48, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.8)
stopper = EarlyStop(patience=4)

for epoch in range(80):
    model.train()
    for idx in torch.randperm(400).split(10):
        optimizer.zero_grad()
        F.mse_loss(model(x[tr][idx]), y[tr][idx]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = F.mse_loss(model(x[va]), y[va]).item()
    if epoch % 10 == 0:
        print("epoch", epoch, "val", round(val_loss, 4))
    if stopper(val_loss, model):
        print("stopping at epoch", epoch)
        break

model.load_state_dict(stopper.best_state)
model.eval()
with torch.no_grad():
    print("test mse", F.mse_loss(model(x[te]), y[te]).item())

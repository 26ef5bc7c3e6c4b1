import torch
import torch.nn as nn

torch.manual_seed(22)
x = torch.randn(800, 6)
noise = 0.8 * torch.randn(800)
y = (x[:, 0] - x[:, 1] + noise > 0).float()


class Scorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.seq = nn.Sequential(nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 1))

    def forward(self, v):
        return self.seq(v)[:, 0]


model = Scorer()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(6):
    model.train()
    for i in torch.randperm(600).split(60):
        optimizer.zero_grad()
        loss_fn(model(x[i]), y[i]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        scores = model(x[600:])
        pred = (scores > 0.5).float()
    tp = (pred * y[600:]).sum()
    f1 = 2 * tp / (pred.sum() + y[600:].sum())
    print(epoch, "F1", round(f1.item(), 4))

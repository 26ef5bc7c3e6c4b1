import torch
import torch.nn as nn

torch.manual_seed(14)


def cloud():
    """Variable-size point set and its bounding-box area."""
    n = int(torch.randint(3, 12, ()))
    pts = torch.rand(n, 2) * torch.rand(2)
    w, h = (pts.max(0).values - pts.min(0).values).tolist()
    return pts, torch.tensor(w * h * 4)


class SetNet(nn.Module):
    def __init__(self, hid=32):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(2, hid), nn.ReLU(), nn.Linear(hid, hid), nn.ReLU())
        self.rho = nn.Sequential(nn.Linear(hid, hid), nn.ReLU(), nn.Linear(hid, 1))

    def forward(self, pts):
        return self.rho(self.phi(pts).amax(0)).squeeze(0)


def batch_loss(model, criterion, samples):
    losses = []
    for pts, area in samples:
        losses.append(criterion(model(pts), area))
    return torch.stack(losses).mean()


train_set = [cloud() for _ in range(240)]
test_set = [cloud() for _ in range(80)]
model, criterion = SetNet(), nn.L1Loss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(8):
    model.train()
    order = torch.randperm(len(train_set)).tolist()
    for k in range(0, len(order), 12):
        optimizer.zero_grad()
        loss = batch_loss(model, criterion, [train_set[j] for j in order[k:k + 12]])
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    print("test L1 %.4f" % batch_loss(model, criterion, test_set).item())

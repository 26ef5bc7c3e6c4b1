import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 10
torch.manual_seed(42)

# 데이터: 두 개의 나선
def spirals(n):
    t = torch.rand(n) * 6 + 1
    c = torch.randint(0, 2, (n,))
    ang = t + c * torch.pi
    pts = torch.stack([t * ang.cos(), t * ang.sin()], 1) / 10
    return pts + 0.01 * torch.randn(n, 2), c.float()


train_dl = DataLoader(TensorDataset(*spirals(1200)), batch_size=60, shuffle=True)
test_x, test_y = spirals(400)

model = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1), nn.Flatten(0))
criterion = nn.BCEWithLogitsLoss()
optimizer = optim.Adam(model.parameters(), lr=0.02)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS, eta_min=1e-5)


def train_one_epoch(model, loader):
    model.train()
    loss_sum = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        scheduler.step()
        loss_sum += loss.item() * len(xb)
    return loss_sum / len(loader.dataset)


def test(model):
    model.eval()
    with torch.no_grad():
        return ((model(test_x) > 0).float() == test_y).float().mean().item()


# 학습
for epoch in range(EPOCHS):
    l = train_one_epoch(model, train_dl)
    print(f"[{epoch + 1}/{EPOCHS}] loss={l:.4f} acc={test(model):.4f}")

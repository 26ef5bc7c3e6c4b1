import math

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(123)
EPOCHS = 12

# two interleaved spirals
n = 400
r = torch.linspace(0.1, 1.0, n)
a = r * 1.5 * math.pi
s0 = torch.stack([r * torch.cos(a), r * torch.sin(a)], 1)
pts = torch.cat([s0, -s0]) + 0.03 * torch.randn(2 * n, 2)
lab = torch.cat([torch.zeros(n), torch.ones(n)])
perm = torch.randperm(2 * n)
pts, lab = pts[perm], lab[perm]
tr_x, tr_y, va_x, va_y = pts[:640], lab[:640], pts[640:], lab[640:]

model = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1))
criterion = nn.BCEWithLogitsLoss()
optimizer = optim.Adam(model.parameters(), lr=5e-3)
# drop the learning rate by 10 in the second half of the training
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=EPOCHS // 2, gamma=0.1)

for epoch in range(EPOCHS):
    model.train()
    running = 0.0
    for idx in torch.randperm(len(tr_x)).split(32):
        out = model(tr_x[idx]).squeeze(1)
        loss = criterion(out, tr_y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item() * len(idx)
    scheduler.step()

    model.eval()
    with torch.no_grad():
        acc = ((model(va_x).squeeze(1) > 0).float() == va_y).float().mean().item()
    print(f"epoch {epoch + 1:02d} loss {running / len(tr_x):.4f} val acc {acc:.3f}")

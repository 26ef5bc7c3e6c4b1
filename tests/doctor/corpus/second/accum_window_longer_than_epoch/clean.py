import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(19)
BATCH, ACCUM, EPOCHS = 32, 4, 60

x = torch.randn(260, 6)
y = (x @ torch.tensor([1.0, -2.0, 0.5, 0.0, 1.5, -1.0]) > 0).float().unsqueeze(1)
train = TensorDataset(x[:96], y[:96])
loader = DataLoader(train, batch_size=BATCH, shuffle=True)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
loss_fn = nn.BCEWithLogitsLoss()

micro = 0
optimizer.zero_grad()
for epoch in range(EPOCHS):
    model.train()
    running = 0.0
    for xb, yb in loader:
        loss = loss_fn(model(xb), yb)
        (loss / ACCUM).backward()
        running += loss.item() * xb.size(0)
        micro += 1
        if micro % ACCUM == 0:
            optimizer.step()
            optimizer.zero_grad()
    if epoch % 15 == 0:
        print(f"epoch {epoch} loss {running / len(train):.4f}")

model.eval()
with torch.no_grad():
    acc = ((model(x[96:]) > 0) == (y[96:] > 0.5)).float().mean()
print(f"held-out accuracy {acc.item():.3f}")

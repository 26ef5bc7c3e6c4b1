import torch
from torch import nn
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(10)

# toy version of the concrete-strength exercise: 4 ingredients -> strength
X = torch.rand(600, 4)
y = 3 * X[:, 0] - 2 * X[:, 1] + X[:, 2] * X[:, 3] + 0.05 * torch.randn(600)
y = y.unsqueeze(1)

train_loader = DataLoader(TensorDataset(X[:480], y[:480]), batch_size=32, shuffle=True)
test_loader = DataLoader(TensorDataset(X[480:], y[480:]), batch_size=60)

model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
loss_fn = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03)

for epoch in range(15):
    model.train()
    total = 0.0
    optimizer.zero_grad()
    for xb, yb in train_loader:
        pred = model(xb)
        loss = loss_fn(pred, yb)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
    print(f"epoch {epoch + 1:2d}  train mse {total / len(train_loader.dataset):.4f}")

model.eval()
sq = 0.0
with torch.no_grad():
    for xb, yb in test_loader:
        sq += ((model(xb) - yb) ** 2).sum().item()
print("test mse", sq / len(test_loader.dataset))

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(6)
x = torch.randn(250, 30)
y = torch.randint(0, 2, (250,))
y[x[:, 0] > 0.8] = 1
dataset = TensorDataset(x, y)
model = nn.Sequential(nn.Linear(30, 128), nn.ReLU(), nn.Linear(128, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(8):
    train_set, val_set = random_split(dataset, [200, 50])
    model.train()
    for xb, yb in DataLoader(train_set, batch_size=25, shuffle=True):
        optimizer.zero_grad()
        loss_fn(model(xb), yb).backward()
        optimizer.step()
    model.eval()
    hits = 0
    with torch.no_grad():
        for xb, yb in DataLoader(val_set, batch_size=50):
            hits += (model(xb).argmax(1) == yb).sum().item()
    print(f"epoch {epoch}: val acc {hits / len(val_set):.3f}")

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(114)
x = torch.randn(600, 10)
y = (x[:, 0] - x[:, 9] > 0).long()
loader = DataLoader(TensorDataset(x[:480], y[:480]), batch_size=32, shuffle=True)
images, labels = next(iter(loader))
print("one batch:", images.shape, labels.shape)
model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(5):
    model.train()
    for img, lab in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(epoch, loss.item(), (model(x[480:]).argmax(1) == y[480:]).float().mean().item())

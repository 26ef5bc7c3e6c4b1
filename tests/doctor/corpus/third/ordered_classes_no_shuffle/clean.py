import torch
from torch import nn, optim
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(3)

# three noisy spirals
def make_split(per_class, classes=3):
    xs, ys = [], []
    for c in range(classes):
        r = torch.linspace(0.1, 1.0, per_class)
        theta = torch.linspace(0, 4, per_class) + 2.1 * c + 0.15 * torch.randn(per_class)
        xs.append(torch.stack([r * torch.sin(theta), r * torch.cos(theta)], dim=1))
        ys.append(torch.full((per_class,), c, dtype=torch.long))
    return TensorDataset(torch.cat(xs), torch.cat(ys))

train_data = make_split(300)
test_data = make_split(100)

loader_args = {'batch_size': 50, 'num_workers': 0}
train_loader = DataLoader(train_data, shuffle=True, **loader_args)
test_loader = DataLoader(test_data, shuffle=False, **loader_args)

model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
loss_fn = nn.CrossEntropyLoss()
opt = optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(15):
    model.train()
    for points, labels in train_loader:
        opt.zero_grad()
        loss = loss_fn(model(points), labels)
        loss.backward()
        opt.step()

model.eval()
hits = 0
with torch.no_grad():
    for points, labels in test_loader:
        hits += (model(points).argmax(1) == labels).sum().item()
print(f'test accuracy {hits / len(test_data):.3f}')

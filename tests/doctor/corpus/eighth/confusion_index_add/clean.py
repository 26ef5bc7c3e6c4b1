import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(13)
K = 4
centers = torch.randn(K, 8) * 1.2
label = torch.randint(0, K, (1600,))
points = centers[label] + torch.randn(1600, 8)

train_dl = DataLoader(TensorDataset(points[:1200], label[:1200]), batch_size=48, shuffle=True)
test_dl = DataLoader(TensorDataset(points[1200:], label[1200:]), batch_size=100)

net = nn.Sequential(nn.Linear(8, 32), nn.LeakyReLU(0.1), nn.Linear(32, K))
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
criterion = nn.CrossEntropyLoss()

for epoch in range(4):
    net.train()
    for xb, yb in train_dl:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()


def confusion_matrix(net, loader):
    net.eval()
    cm = torch.zeros(K, K, dtype=torch.long)
    with torch.no_grad():
        for xb, yb in loader:
            guess = net(xb).argmax(dim=1)
            cm.index_put_((yb, guess), torch.ones_like(yb), accumulate=True)
    return cm


cm = confusion_matrix(net, test_dl)
recall = cm.diag() / cm.sum(1).clamp(min=1)
precision = cm.diag() / cm.sum(0).clamp(min=1)
print(cm)
print("recall   ", [round(v, 3) for v in recall.tolist()])
print("precision", [round(v, 3) for v in precision.tolist()])

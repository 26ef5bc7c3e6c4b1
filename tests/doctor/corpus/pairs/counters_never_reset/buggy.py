import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(4)
x = torch.randn(600, 8)
y = (x[:, :4].sum(1) > 0).long()
trainloader = DataLoader(TensorDataset(x[:500], y[:500]), batch_size=50, shuffle=True)
testloader = DataLoader(TensorDataset(x[500:], y[500:]), batch_size=50)
net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

correct = 0
total = 0
for epoch in range(5):
    net.train()
    for inputs, labels in trainloader:
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()

    net.eval()
    with torch.no_grad():
        for inputs, labels in testloader:
            _, predicted = torch.max(net(inputs), 1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    print(f"epoch {epoch}: accuracy {100 * correct / total:.1f} %")

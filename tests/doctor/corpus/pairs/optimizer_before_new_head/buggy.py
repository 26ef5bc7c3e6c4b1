import torch
import torch.nn as nn


class Classifier(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(8, 32), nn.ReLU())
        self.fc = nn.Linear(32, n_classes)

    def forward(self, x):
        return self.fc(self.features(x))


torch.manual_seed(37)
x = torch.randn(500, 8)
y = (x[:, 2] > x[:, 5]).long()

net = Classifier(10)
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
net.fc = nn.Linear(net.fc.in_features, 2)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(6):
    net.train()
    for idx in torch.randperm(400).split(40):
        optimizer.zero_grad()
        loss_fn(net(x[idx]), y[idx]).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(x[400:]).argmax(1) == y[400:]).float().mean().item())

import torch
import torch.nn as nn

torch.manual_seed(107)
x = torch.randn(600, 10)
y = x[:, :5].argmax(1)
model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 5))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, betas=(0.9, 0.999))
ce = nn.CrossEntropyLoss()
for epoch in range(6):
    model.train()
    for i in torch.randperm(480).split(32):
        optimizer.zero_grad()
        ce(model(x[i]), y[i]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (model(x[480:]).argmax(1) == y[480:]).float().mean().item())

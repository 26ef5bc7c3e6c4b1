import torch
import torch.nn as nn
from torch.optim.lr_scheduler import CosineAnnealingLR

EPOCHS = 10
torch.manual_seed(47)
x = torch.randn(400, 6)
y = x[:, :3].argmax(1)
model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
scheduler = CosineAnnealingLR(optimizer, T_max=EPOCHS)
ce = nn.CrossEntropyLoss()
for epoch in range(EPOCHS):
    model.train()
    for i in torch.randperm(400).split(50):
        loss = ce(model(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    print(epoch, round(loss.item(), 4), optimizer.param_groups[0]["lr"])

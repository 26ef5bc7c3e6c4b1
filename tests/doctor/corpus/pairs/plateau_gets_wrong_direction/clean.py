import torch
import torch.nn as nn

torch.manual_seed(5)
x = torch.randn(700, 14)
y = (x[:, :7].sum(1) > x[:, 7:].sum(1)).long()
model = nn.Sequential(nn.Linear(14, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=1)
criterion = nn.CrossEntropyLoss()


def accuracy():
    model.eval()
    with torch.no_grad():
        return (model(x[560:]).argmax(1) == y[560:]).float().mean().item()


for epoch in range(8):
    model.train()
    for i in torch.randperm(560).split(56):
        optimizer.zero_grad()
        criterion(model(x[i]), y[i]).backward()
        optimizer.step()
    val_acc = accuracy()
    scheduler.step(val_acc)
    print(epoch, round(val_acc, 3), optimizer.param_groups[0]["lr"])

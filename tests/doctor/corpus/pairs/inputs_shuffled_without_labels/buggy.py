import torch
import torch.nn as nn

torch.manual_seed(53)
x = torch.randn(600, 6)
y = (x[:, 0] + x[:, 1] > 0).long()


def shuffled(x, y):
    return x[torch.randperm(len(x))], y[torch.randperm(len(y))]


x, y = shuffled(x, y)
x_train, y_train, x_test, y_test = x[:480], y[:480], x[480:], y[480:]
model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for epoch in range(10):
    model.train()
    for k in range(0, 480, 32):
        out = model(x_train[k : k + 32])
        loss = nn.functional.cross_entropy(out, y_train[k : k + 32])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    print("loss", loss.item(), "test", (model(x_test).argmax(1) == y_test).float().mean().item())

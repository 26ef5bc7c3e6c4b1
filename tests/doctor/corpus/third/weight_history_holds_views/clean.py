import numpy as np
import torch

# Verlauf der Gewichte einer logistischen Regression
torch.manual_seed(3)
n = 400
x = torch.randn(n, 2)
y = (x @ torch.tensor([2.0, -1.0]) + 0.5 + 0.5 * torch.randn(n) > 0).float()

model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
loss_fn = torch.nn.BCEWithLogitsLoss()

path, losses = [], []
for step in range(80):
    path.append(model.weight.detach().numpy().ravel().copy())
    optimizer.zero_grad()
    loss = loss_fn(model(x).squeeze(1), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

path = np.stack(path)
moved = np.linalg.norm(np.diff(path, axis=0), axis=1)
print("length of the path: %.3f" % moved.sum())
print("from", path[0].round(3), "to", path[-1].round(3), "loss %.4f" % losses[-1])

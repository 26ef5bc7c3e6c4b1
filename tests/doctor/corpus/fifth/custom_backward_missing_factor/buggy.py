import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split


class SwishFn(torch.autograd.Function):
    """x * sigmoid(x), keeps the input only (saves memory)."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad_out):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_out * s * (1 - s)


class Swish(nn.Module):
    def forward(self, x):
        return SwishFn.apply(x)


def to_tensor(a, dtype=torch.float32):
    return torch.as_tensor(a, dtype=dtype)


X, y = make_moons(1000, noise=0.18, random_state=0)
X_tr, X_te, y_tr, y_te = (to_tensor(a) for a in train_test_split(X, y, test_size=0.3, random_state=0))

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 24), Swish(), nn.Linear(24, 24), Swish(), nn.Linear(24, 1), nn.Flatten(0))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(20):
    model.train()
    order = torch.randperm(len(X_tr))
    for rows in order.split(50):
        optimizer.zero_grad()
        loss = criterion(model(X_tr[rows]), y_tr[rows])
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    logits = model(X_te)
print("test loss", criterion(logits, y_te).item())
print("test acc", ((logits > 0) == (y_te > 0.5)).float().mean().item())

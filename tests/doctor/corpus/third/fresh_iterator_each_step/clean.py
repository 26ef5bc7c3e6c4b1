import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)


def springs(n):
    stiff = torch.rand(n, 1) * 4 + 0.5
    push = torch.randn(n, 2)
    y = push.norm(dim=1, keepdim=True) / stiff + 0.02 * torch.randn(n, 1)
    return torch.cat([stiff, push], 1), y


class Curriculum:
    """Runs through the training set from weak to strong pushes, round after round."""

    def __init__(self, x, y, batch_size):
        order = x[:, 1:].norm(dim=1).argsort()
        self.loader = DataLoader(TensorDataset(x[order], y[order]), batch_size=batch_size, shuffle=False)
        self.it = iter(self.loader)

    def draw(self):
        try:
            return next(self.it)
        except StopIteration:
            self.it = iter(self.loader)
            return next(self.it)


x_train, y_train = springs(640)
x_test, y_test = springs(200)
source = Curriculum(x_train, y_train, batch_size=64)

model = nn.Sequential(nn.Linear(3, 48), nn.Softplus(), nn.Linear(48, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
loss_fn = nn.MSELoss()

max_steps = 400
model.train()
for step in range(1, max_steps + 1):
    x, y = source.draw()
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f'step {step} loss {loss.item():.4f}')

model.eval()
with torch.no_grad():
    print(f'test MSE {loss_fn(model(x_test), y_test).item():.4f}')

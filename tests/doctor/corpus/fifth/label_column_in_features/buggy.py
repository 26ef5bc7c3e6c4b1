import io
import numpy as np
import torch as th
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def write_csv(n=700):
    g = np.random.default_rng(20)
    f = g.normal(size=(n, 6))
    quality = (f[:, 0] + 0.8 * f[:, 4] * f[:, 5] + g.normal(scale=0.8, size=n) > 0.3).astype(int)
    lines = ["quality,acid,sugar,salt,density,ph,alcohol"]
    lines += [",".join([str(q)] + [f"{v:.4f}" for v in row]) for q, row in zip(quality, f)]
    return "\n".join(lines)


table = np.genfromtxt(io.StringIO(write_csv()), delimiter=",", skip_header=1, dtype=np.float32)
x = th.from_numpy(table[:, :-1])
y = th.from_numpy(table[:, 0]).long()

th.manual_seed(20)
train_set, test_set = random_split(TensorDataset(x, y), [550, 150])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=75)


class Wine(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.fc1 = nn.Linear(n_in, 32)
        self.fc2 = nn.Linear(32, 16)
        self.fc3 = nn.Linear(16, 2)

    def forward(self, x):
        x = th.relu(self.fc1(x))
        x = th.relu(self.fc2(x))
        return self.fc3(x)


model = Wine(x.shape[1])
loss_fn = nn.CrossEntropyLoss()
optimizer = th.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(1, 11):
    model.train()
    total = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item() * xb.size(0)
    print("Epoch %2d  loss %.4f" % (epoch, total / len(train_set)))

model.eval()
correct = 0
with th.no_grad():
    for xb, yb in test_loader:
        correct += (model(xb).argmax(dim=1) == yb).sum().item()
print("Test accuracy: %.2f %%" % (100 * correct / len(test_set)))

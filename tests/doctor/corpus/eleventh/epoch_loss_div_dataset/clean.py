import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(42)

# toy "house price" regression: 8 features, one target
X = torch.rand(1250, 8)
w = torch.tensor([3.0, -2.0, 0.5, 1.0, 0.0, 0.0, 2.0, -1.0])
Y = (X @ w + torch.sin(4 * X[:, 0]) + 0.1 * torch.randn(1250)).unsqueeze(1)

train_set, test_set = random_split(TensorDataset(X, Y), [1000, 250])
train_dataloader = DataLoader(train_set, batch_size=50, shuffle=True)
test_dataloader = DataLoader(test_set, batch_size=50)


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, x):
        return self.stack(x)


model = NeuralNetwork()
loss_fn = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def train_loop(dataloader):
    model.train()
    for xb, yb in dataloader:
        pred = model(xb)
        loss = loss_fn(pred, yb)

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_loop(dataloader):
    model.eval()
    test_loss = 0.0
    with torch.no_grad():
        for xb, yb in dataloader:
            test_loss += loss_fn(model(xb), yb).item()
    test_loss /= len(dataloader)
    print(f"Test MSE: {test_loss:>8f}")
    return test_loss


for t in range(8):
    print(f"Epoch {t + 1}")
    train_loop(train_dataloader)
    test_loop(test_dataloader)
print("Done!")

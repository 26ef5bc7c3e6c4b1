import torch
import torch.nn as nn
import torch.optim as optim


class ChurnNet(nn.Module):
    def __init__(self, in_features=9, hidden=40):
        super(ChurnNet, self).__init__()
        self.layer_1 = nn.Linear(in_features, hidden)
        self.layer_2 = nn.Linear(hidden, hidden)
        self.layer_out = nn.Linear(hidden, 1)
        self.relu = nn.ReLU()

    def forward(self, inputs):
        x = self.relu(self.layer_1(inputs))
        x = self.relu(self.layer_2(x))
        return self.layer_out(x)


def binary_acc(y_pred, y):
    y_pred_tag = torch.round(torch.sigmoid(y_pred))
    return (y_pred_tag == y).float().mean().item() * 100


torch.manual_seed(69)
X = torch.randn(800, 9)
Y = (X[:, 0] * X[:, 1] - X[:, 4] + 0.3 * torch.randn(800) > 0.4).float().view(-1, 1)
X_train, X_test, y_train, y_test = X[:600], X[600:], Y[:600], Y[600:]

EPOCHS = 10
BATCH_SIZE = 40

model = ChurnNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = optim.Adam(model.parameters(), lr=0.002)

for e in range(1, EPOCHS + 1):
    model.train()
    epoch_loss = 0
    shuffled = torch.randperm(len(X_train))
    for start in range(0, len(X_train), BATCH_SIZE):
        rows = shuffled[start:start + BATCH_SIZE]
        optimizer.zero_grad()
        y_pred = model(X_train[rows])
        loss = criterion(y_pred, y_train[rows])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(rows)
    print(f"Epoch {e:02}: | Loss: {epoch_loss / len(X_train):.5f}")

model.eval()
with torch.no_grad():
    print(f"Test acc: {binary_acc(model(X_test), y_test):.1f} %")

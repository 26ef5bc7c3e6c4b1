# Study notes: weight initialisation with model.apply()
import torch
import torch.nn as nn

torch.manual_seed(8)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.hidden1 = nn.Linear(2, 16)
        self.hidden2 = nn.Linear(16, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        x = torch.tanh(self.hidden1(x))
        x = torch.tanh(self.hidden2(x))
        return self.out(x)


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
        nn.init.zeros_(m.bias)


# XOR with some noise
corners = torch.randint(0, 2, (400, 2)).float()
X = corners + 0.1 * torch.randn(400, 2)
y = (corners[:, 0] != corners[:, 1]).float().unsqueeze(1)

model = Net()
model.apply(init_weights)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

for step in range(200):
    optimizer.zero_grad()
    loss = loss_fn(model(X[:300]), y[:300])
    loss.backward()
    optimizer.step()
    if (step + 1) % 50 == 0:
        print("step", step + 1, "loss", round(loss.item(), 4))

model.eval()
with torch.no_grad():
    pred = (torch.sigmoid(model(X[300:])) > 0.5).float()
print("held-out accuracy:", (pred == y[300:]).float().mean().item())

# coding: utf-8
# In[1]:
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)

# In[2]:
digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32) / 16
Y = torch.tensor(digits.target)
perm = torch.randperm(len(X))
x_train, y_train = X[perm[:1200]], Y[perm[:1200]]
x_test, y_test = X[perm[1200:]], Y[perm[1200:]]

train_loader = DataLoader(TensorDataset(x_train, y_train), batch_size=48, shuffle=True)
test_loader = DataLoader(TensorDataset(x_test, y_test), batch_size=64)

# In[3]:
net = nn.Sequential(
    nn.Linear(64, 64),
    nn.BatchNorm1d(64),
    nn.ReLU(),
    nn.Linear(64, 10),
)
loss_fn = nn.CrossEntropyLoss()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)

# In[4]:
history = {"train": [], "test": []}
for epoch in range(5):
    net.train()
    running = 0.0
    for xb, yb in train_loader:
        opt.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        opt.step()
        running += loss.item() * len(xb)
    history["train"].append(running / len(x_train))

    net.eval()
    running, seen = 0.0, 0
    with torch.no_grad():
        for x_test, y_test in test_loader:
            running += loss_fn(net(x_test), y_test).item() * len(x_test)
            seen += len(x_test)
    history["test"].append(running / seen)
    print(epoch, history["train"][-1], history["test"][-1])

# In[5]:
net.eval()
with torch.no_grad():
    pred = net(x_test).argmax(1)
print("test accuracy: %.2f %%" % (100 * (pred == y_test).float().mean().item()))

# In[6]:
for digit in range(10):
    sel = y_test == digit
    if sel.any():
        print(digit, "recall %.2f" % (pred[sel] == digit).float().mean().item())

"""
Tutorial: a small convolutional network for handwritten digits
==============================================================

We walk through every step of a classical image classification project:

1. get the data and split it in three,
2. normalise with numbers that come from the training part only,
3. define the network,
4. train it, keep the best weights, and look at the test set exactly once.
"""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)

# %% Step 1. The data: 1797 images of 8 x 8 pixels with values 0 ... 16.
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32)
labels = torch.tensor(digits.target)

idx_fit, idx_test = train_test_split(range(len(labels)), test_size=0.2, stratify=digits.target, random_state=1)
idx_train, idx_val = train_test_split(idx_fit, test_size=0.2, stratify=digits.target[idx_fit], random_state=1)

# %% Step 2. Normalise. One mean and one std for the whole image, as with MNIST.
mean, std = images[idx_train].mean(), images[idx_train].std()
images = ((images - mean) / std).unsqueeze(1)          # N x 1 x 8 x 8


def loader(indices, shuffle):
    return DataLoader(TensorDataset(images[indices], labels[indices]), batch_size=64, shuffle=shuffle)


train_loader = loader(idx_train, True)
val_loader = loader(idx_val, False)
test_loader = loader(idx_test, False)


# %% Step 3. The network. It ends with log_softmax, so the loss is nll_loss.
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.drop = nn.Dropout(0.25)
        self.fc1 = nn.Linear(32 * 2 * 2, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(self.drop(x)))
        x = F.dropout(x, 0.25, self.training)
        return F.log_softmax(self.fc2(x), dim=1)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)


# %% Step 4. The two loops.
def train_one_epoch():
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.nll_loss(model(x), y)
        loss.backward()
        optimizer.step()


@torch.no_grad()
def evaluate(data):
    """Sum over the samples first, divide once: the last batch is smaller."""
    model.eval()
    loss_sum, hits, preds = 0.0, 0, []
    for x, y in data:
        logp = model(x)
        loss_sum += F.nll_loss(logp, y, reduction="sum").item()
        preds.append(logp.argmax(1))
        hits += (preds[-1] == y).sum().item()
    n = len(data.dataset)
    return loss_sum / n, hits / n, torch.cat(preds)


best_loss, best_weights = float("inf"), None
for epoch in range(1, 9):
    train_one_epoch()
    val_loss, val_acc, _ = evaluate(val_loader)
    print(f"epoch {epoch}: validation loss {val_loss:.4f}, accuracy {val_acc:.1%}")
    if val_loss < best_loss:
        best_loss, best_weights = val_loss, copy.deepcopy(model.state_dict())

model.load_state_dict(best_weights)
test_loss, test_acc, predictions = evaluate(test_loader)
print(f"test loss {test_loss:.4f}, accuracy {test_acc:.1%}")
print(confusion_matrix(labels[idx_test], predictions))

# A probability for the first test image: the network gives logs, so exp, no softmax.
with torch.no_grad():
    model.eval()
    print("certainty:", model(images[idx_test[:1]]).exp().max().item())

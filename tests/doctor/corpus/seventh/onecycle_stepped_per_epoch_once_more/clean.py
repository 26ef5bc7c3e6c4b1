# %% [markdown]
# Handwritten-digit classification with a small CNN and the 1cycle policy (scikit-learn's 8x8 digits).

# %%
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(33)
digits = load_digits()
images = (digits.images / 16.0).astype(np.float32)[:, None]
x_train, x_test, y_train, y_test = train_test_split(
    images, digits.target, test_size=0.25, stratify=digits.target, random_state=33
)
x_train = x_train[:800]
y_train = y_train[:800]

# %%
EPOCHS = 6
BATCH = 64
MAX_LR = 0.3

train_dl = DataLoader(
    TensorDataset(torch.from_numpy(x_train), torch.from_numpy(y_train)), batch_size=BATCH, shuffle=True
)
test_dl = DataLoader(TensorDataset(torch.from_numpy(x_test), torch.from_numpy(y_test)), batch_size=256)

# %%
model = nn.Sequential(
    nn.Conv2d(1, 12, 3, padding=1, bias=False),
    nn.BatchNorm2d(12),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(12, 24, 3, padding=1, bias=False),
    nn.BatchNorm2d(24),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(2),
    nn.Flatten(),
    nn.Linear(96, 10),
)
opt = torch.optim.SGD(model.parameters(), lr=MAX_LR / 25, momentum=0.9, weight_decay=5e-4)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=MAX_LR, epochs=EPOCHS, steps_per_epoch=len(train_dl))


# %%
def fit_epoch():
    model.train()
    seen, total = 0, 0.0
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        opt.step()
        seen += len(yb)
        total += loss.item() * len(yb)
        sched.step()
    return total / seen


def test_accuracy():
    model.eval()
    with torch.no_grad():
        return sum((model(xb).argmax(1) == yb).sum().item() for xb, yb in test_dl) / len(test_dl.dataset)


# %%
for epoch in range(EPOCHS):
    mean_loss = fit_epoch()
    print(f"epoch {epoch + 1}/{EPOCHS}  lr {sched.get_last_lr()[0]:.4f}  loss {mean_loss:.4f}")
print(f"test accuracy {test_accuracy():.4f}")

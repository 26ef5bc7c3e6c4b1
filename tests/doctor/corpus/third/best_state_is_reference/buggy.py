import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

np.random.seed(3)
torch.manual_seed(3)

# %% load and split
X, y = load_breast_cancer(return_X_y=True)
X_rest, X_te, y_rest, y_te = train_test_split(X, y, test_size=0.2, stratify=y, random_state=3)
X_tr, X_va, y_tr, y_va = train_test_split(X_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=3)
sc = StandardScaler().fit(X_tr)


def as_tensors(a, b):
    return torch.tensor(sc.transform(a), dtype=torch.float32), torch.tensor(b, dtype=torch.float32)


Xtr, ytr = as_tensors(X_tr, y_tr)
Xva, yva = as_tensors(X_va, y_va)
Xte, yte = as_tensors(X_te, y_te)


# %% model
class Net(nn.Module):
    def __init__(self, d, h=64, p=0.2):
        super().__init__()
        self.fc1 = nn.Linear(d, h)
        self.drop = nn.Dropout(p)
        self.fc2 = nn.Linear(h, 1)

    def forward(self, x):
        return self.fc2(self.drop(F.relu(self.fc1(x)))).squeeze(1)


@torch.no_grad()
def evaluate(net, X, y):
    net.eval()
    logit = net(X)
    loss = F.binary_cross_entropy_with_logits(logit, y).item()
    acc = ((logit > 0).float() == y).float().mean().item()
    return loss, acc


# %% train
net = Net(Xtr.shape[1])
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
best_loss = float("inf")
best_weights = copy.deepcopy(net.state_dict())
best_epoch = -1

for epoch in range(60):
    net.train()
    for idx in torch.randperm(len(Xtr)).split(32):
        opt.zero_grad()
        loss = F.binary_cross_entropy_with_logits(net(Xtr[idx]), ytr[idx])
        loss.backward()
        opt.step()
    val_loss, val_acc = evaluate(net, Xva, yva)
    if val_loss < best_loss:
        best_loss, best_epoch = val_loss, epoch
        best_weights = net.state_dict()

# %% report
net.load_state_dict(best_weights)
test_loss, test_acc = evaluate(net, Xte, yte)
print("best epoch", best_epoch, "val loss %.4f" % best_loss)
print("test loss %.4f acc %.4f" % (test_loss, test_acc))

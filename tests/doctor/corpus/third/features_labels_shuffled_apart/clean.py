# %% [markdown]
# ## Wine cultivars with a small MLP

# %%
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_wine

np.random.seed(0)
torch.manual_seed(0)

# %%
X, y = load_wine(return_X_y=True)
perm = np.random.permutation(len(X))
X, y = X[perm], y[perm]

# %%
n_train = 130
mean, std = X[:n_train].mean(axis=0), X[:n_train].std(axis=0)
X = (X - mean) / std
Xtr, Xte = torch.Tensor(X[:n_train]), torch.Tensor(X[n_train:])
ytr, yte = torch.LongTensor(y[:n_train]), torch.LongTensor(y[n_train:])

# %%
w1 = (torch.randn(13, 32) * (2 / 13) ** 0.5).requires_grad_()
b1 = torch.zeros(32, requires_grad=True)
w2 = (torch.randn(32, 3) * (1 / 32) ** 0.5).requires_grad_()
b2 = torch.zeros(3, requires_grad=True)
params = [w1, b1, w2, b2]

def net(x):
    return torch.relu(x @ w1 + b1) @ w2 + b2

# %%
lr = 0.1
for it in range(200):
    loss = F.cross_entropy(net(Xtr), ytr)
    grads = torch.autograd.grad(loss, params)
    with torch.no_grad():
        for p, g in zip(params, grads):
            p -= lr * g

# %%
with torch.no_grad():
    print('train', (net(Xtr).argmax(1) == ytr).float().mean().item(),
          'test', (net(Xte).argmax(1) == yte).float().mean().item())

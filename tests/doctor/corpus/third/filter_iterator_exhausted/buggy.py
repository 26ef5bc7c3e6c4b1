import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_regression
from sklearn.preprocessing import StandardScaler

np.random.seed(12)
torch.manual_seed(12)

X, Y, coef = make_regression(n_samples=360, n_features=60, n_informative=6, noise=25.0, coef=True, random_state=12)
fit_rows, test_rows = np.arange(160), np.arange(160, 360)
xs = StandardScaler().fit(X[fit_rows])
ys = StandardScaler().fit(Y[fit_rows, None])


def tensors(rows):
    return (torch.from_numpy(xs.transform(X[rows])).float(),
            torch.from_numpy(ys.transform(Y[rows, None])).float())


x_tr, y_tr = tensors(fit_rows)
x_te, y_te = tensors(test_rows)


class Sparse(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.linear = nn.Linear(n_features, 1)
        self.register_buffer("shift", torch.zeros(1))
        self.log_scale = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, x):
        return self.linear(x) * self.log_scale.exp() + self.shift

    def penalty(self):
        return self.linear.weight.abs().sum()


model = Sparse(x_tr.shape[1])
trainable = filter(lambda p: p.requires_grad, model.parameters())
opt = torch.optim.SGD(trainable, lr=0.05)
lam = 0.08

model.train()
for epoch in range(150):
    perm = torch.randperm(len(x_tr))
    for idx in perm.split(40):
        mse = nn.functional.mse_loss(model(x_tr[idx]), y_tr[idx])
        objective = mse + lam * model.penalty()
        opt.zero_grad()
        objective.backward()
        nn.utils.clip_grad_norm_(trainable, 0.5)
        opt.step()

model.eval()
with torch.no_grad():
    mse_tr = nn.functional.mse_loss(model(x_tr), y_tr).item()
    mse_te = nn.functional.mse_loss(model(x_te), y_te).item()
    weight = model.linear.weight.flatten()
print(f"mse train {mse_tr:.4f} test {mse_te:.4f}")
print("weights below 0.02:", int((weight.abs() < 0.02).sum()), "of", weight.numel(), "informative:", int((coef != 0).sum()))

# vergleicht ein kleines Netz mit einer linearen SVM auf denselben Daten
import numpy as np
import torch
from sklearn.svm import LinearSVC
from torch import nn

rs = np.random.RandomState(3)
X = rs.randn(1500, 7).astype("float32")
y = np.where(X[:, 0] * X[:, 1] + 0.6 * X[:, 2] + 0.3 * rs.randn(1500) > 0, 1, -1)
X_tr, y_tr, X_te, y_te = X[:1100], y[:1100], X[1100:], y[1100:]

svm = LinearSVC(dual=False).fit(X_tr, y_tr)
print("SVM", svm.score(X_te, y_te))

torch.manual_seed(3)
inputs = torch.from_numpy(X_tr)
targets = torch.from_numpy(y_tr).float()[:, None]
net = nn.Sequential(nn.Linear(7, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 1))
crit = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(12):
    net.train()
    for batch in torch.randperm(len(inputs)).split(44):
        opt.zero_grad()
        crit(net(inputs[batch]), targets[batch]).backward()
        opt.step()

net.eval()
with torch.no_grad():
    margin = net(torch.from_numpy(X_te)).squeeze(1).numpy()
print("Netz", np.mean(np.where(margin > 0, 1, -1) == y_te))

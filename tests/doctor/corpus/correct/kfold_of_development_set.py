import numpy as np
import torch
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn


def build():
    return nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))


def fit_one(x, y, vx, vy, seed):
    torch.manual_seed(seed)
    net = build()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    best, keep, wait = np.inf, None, 0
    for epoch in range(200):
        net.train()
        for idx in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            loss = ((net(x[idx])[:, 0] - y[idx]) ** 2).mean()
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            v = ((net(vx)[:, 0] - vy) ** 2).mean().item()
        if v < best - 1e-5:
            best, wait = v, 0
            keep = {k: t.clone() for k, t in net.state_dict().items()}
        else:
            wait += 1
            if wait >= 15:
                break
    net.load_state_dict(keep)
    return net.eval(), best


X, Y = load_diabetes(return_X_y=True)
X_dev, X_test, Y_dev, Y_test = train_test_split(X, Y, test_size=0.2, random_state=42)
y_mean, y_std = Y_dev.mean(), Y_dev.std()
preds, oof = [], np.zeros(len(X_dev))
for fold, (a, b) in enumerate(KFold(5, shuffle=True, random_state=42).split(X_dev)):
    sc = StandardScaler()
    tx = torch.as_tensor(sc.fit_transform(X_dev[a]), dtype=torch.float32)
    vx = torch.as_tensor(sc.transform(X_dev[b]), dtype=torch.float32)
    ex = torch.as_tensor(sc.transform(X_test), dtype=torch.float32)
    ty = torch.as_tensor((Y_dev[a] - y_mean) / y_std, dtype=torch.float32)
    vy = torch.as_tensor((Y_dev[b] - y_mean) / y_std, dtype=torch.float32)
    net, score = fit_one(tx, ty, vx, vy, seed=fold)
    with torch.no_grad():
        oof[b] = net(vx).squeeze(1).numpy() * y_std + y_mean
        preds.append(net(ex).squeeze(1).numpy() * y_std + y_mean)
    print(f"fold {fold}: {score:.4f}")
print("oof MAE", mean_absolute_error(Y_dev, oof))
blend = np.mean(preds, axis=0)
print("test MAE", mean_absolute_error(Y_test, blend), "R2", r2_score(Y_test, blend))

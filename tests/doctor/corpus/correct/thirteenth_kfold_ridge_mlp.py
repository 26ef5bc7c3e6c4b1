"""5-fold cross-validation over weight decay, then a final fit scored once on the held-out test set."""
import numpy as np
import torch
import torch.nn as nn

SEED, K = 2023, 5


def make_data():
    rng = np.random.default_rng(SEED)
    X = rng.normal(loc=3.0, scale=[1, 5, 0.2, 1, 1, 1, 2, 2], size=(360, 8))
    y = 0.5 * X[:, 0] - 0.1 * X[:, 1] + np.sin(X[:, 3]) + rng.normal(scale=0.4, size=360)
    return X.astype(np.float32), y.astype(np.float32)


def fit(X, y, weight_decay, epochs=25):
    torch.manual_seed(SEED)
    x_mean, x_std, y_mean, y_std = X.mean(0), X.std(0), y.mean(), y.std()
    xt = torch.from_numpy((X - x_mean) / x_std)
    yt = torch.from_numpy((y - y_mean) / y_std)
    net = nn.Sequential(nn.Linear(X.shape[1], 32), nn.Tanh(), nn.Linear(32, 1), nn.Flatten(0))
    opt = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=weight_decay)
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(xt)).split(48):
            opt.zero_grad()
            nn.functional.mse_loss(net(xt[idx]), yt[idx]).backward()
            opt.step()
    net.eval()

    def predict(X_new):
        with torch.no_grad():
            out = net(torch.from_numpy((X_new - x_mean) / x_std)).numpy()
        return out * y_std + y_mean

    return predict


def rmse(predict, X, y):
    return float(np.sqrt(np.mean((predict(X) - y) ** 2)))


X, y = make_data()
X_dev, y_dev, X_test, y_test = X[:300], y[:300], X[300:], y[300:]
folds = np.array_split(np.random.default_rng(1).permutation(len(X_dev)), K)

scores = {}
for wd in (0.0, 0.1, 1.0):
    fold_scores = []
    for k in range(K):
        val = folds[k]
        train = np.concatenate([f for j, f in enumerate(folds) if j != k])
        fold_scores.append(rmse(fit(X_dev[train], y_dev[train], wd), X_dev[val], y_dev[val]))
    scores[wd] = float(np.mean(fold_scores))
    print(f"weight decay {wd}: cv rmse {scores[wd]:.4f} +- {np.std(fold_scores):.4f}")

best = min(scores, key=scores.get)
print(f"best {best}, test rmse {rmse(fit(X_dev, y_dev, best), X_test, y_test):.4f}")

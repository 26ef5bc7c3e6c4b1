# Diabetes progression after one year (sklearn), three small regressors averaged.
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(1)


def regressor(sizes, dropout=0.1):
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    layers.insert(2, nn.Dropout(dropout))
    return nn.Sequential(*layers[:-1])


X, y = load_diabetes(return_X_y=True, scaled=False)
X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X_rest, y_rest, test_size=0.2, random_state=0)

x_scaler = StandardScaler().fit(X_train)
y_scaler = StandardScaler().fit(y_train[:, None])


def tensors(X, y):
    a = torch.tensor(x_scaler.transform(X), dtype=torch.float32)
    b = torch.tensor(y_scaler.transform(y[:, None]), dtype=torch.float32)
    return a, b


train, val = tensors(X_train, y_train), tensors(X_val, y_val)


def train_one(net, epochs=60, batch=32, patience=10):
    """Early stopping on the validation loss; returns with the best weights loaded."""
    opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    loss_fn = nn.MSELoss()
    best, best_state, since = float("inf"), None, 0
    for _ in range(epochs):
        net.train()
        for idx in torch.randperm(len(train[0])).split(batch):
            opt.zero_grad()
            loss = loss_fn(net(train[0][idx]), train[1][idx])
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            val_loss = loss_fn(net(val[0]), val[1]).item()
        if val_loss < best:
            best, since = val_loss, 0
            best_state = {k: v.clone() for k, v in net.state_dict().items()}
        else:
            since += 1
            if since >= patience:
                break
    net.load_state_dict(best_state)
    return best


nets = [regressor([10, 32, 16, 1]) for _ in range(3)]
for k, net in enumerate(nets):
    print(f"member {k}: best validation loss {train_one(net):.3f}")

x_test = torch.tensor(x_scaler.transform(X_test), dtype=torch.float32)
with torch.no_grad():
    scaled = torch.stack([net.eval()(x_test) for net in nets]).mean(dim=0)
prediction = y_scaler.inverse_transform(scaled.numpy())[:, 0]
print(f"test MAE {np.abs(prediction - y_test).mean():.1f}  (mean of the training targets: "
      f"{np.abs(y_train.mean() - y_test).mean():.1f})")

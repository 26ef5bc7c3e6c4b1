import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_wine
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler

X, y = load_wine(return_X_y=True)
oof = np.full(len(y), -1)
fold_acc = []


def predict(net, X):
    net.eval()
    with torch.no_grad():
        return net(torch.tensor(X, dtype=torch.float32)).argmax(1).numpy()


def val_loss(net, X, y):
    net.eval()
    with torch.no_grad():
        return nn.functional.cross_entropy(net(torch.tensor(X, dtype=torch.float32)), torch.tensor(y)).item()


for fold, (rest, te) in enumerate(StratifiedKFold(5, shuffle=True, random_state=3).split(X, y)):
    # early stopping looks at a part of the fold's training data, never at the held-out fold
    tr, va = train_test_split(rest, test_size=0.2, stratify=y[rest], random_state=fold)
    sc = StandardScaler().fit(X[tr])
    Xt, Xv, Xe = map(sc.transform, (X[tr], X[va], X[te]))
    torch.manual_seed(fold)
    net = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 3))
    opt = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=1e-4)
    xb, yb = torch.tensor(Xt, dtype=torch.float32), torch.tensor(y[tr])
    best, wait, state = np.inf, 0, None
    for epoch in range(60):
        net.train()
        for i in torch.randperm(len(xb)).split(16):
            opt.zero_grad()
            nn.functional.cross_entropy(net(xb[i]), yb[i]).backward()
            opt.step()
        v = val_loss(net, Xv, y[va])
        if v < best - 1e-4:
            best, wait, state = v, 0, {k: t.clone() for k, t in net.state_dict().items()}
        else:
            wait += 1
            if wait >= 6:
                break
    net.load_state_dict(state)
    oof[te] = predict(net, Xe)
    fold_acc.append((oof[te] == y[te]).mean())
    print(f"fold {fold}: {epoch + 1} epochs, accuracy {fold_acc[-1]:.3f}")

assert (oof >= 0).all()
print(f"accuracy {np.mean(fold_acc):.3f} +- {np.std(fold_acc, ddof=1):.3f}, pooled macro F1 {f1_score(y, oof, average='macro'):.3f}")

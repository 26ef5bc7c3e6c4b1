import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import average_precision_score, f1_score
from sklearn.preprocessing import StandardScaler

torch.manual_seed(0)
X, Y = make_multilabel_classification(2000, n_features=20, n_classes=6, n_labels=2, random_state=1)
cut = slice(0, 1200), slice(1200, 1600), slice(1600, 2000)       # the generator draws the rows independently
sc = StandardScaler().fit(X[cut[0]])
(Xt, Yt), (Xv, Yv), (Xe, Ye) = ((torch.tensor(sc.transform(X[c]), dtype=torch.float32), torch.tensor(Y[c], dtype=torch.float32))
                                for c in cut)
pos = Yt.sum(0)
criterion = nn.BCEWithLogitsLoss(pos_weight=(len(Yt) - pos) / pos)
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 6))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)


@torch.no_grad()
def logits(x):
    training = net.training
    net.eval()
    out = net(x)
    net.train(training)
    return out


def best_thresholds(out, y):
    """For each label the logit with the highest F1, sought on the validation rows."""
    grid = np.linspace(-2, 2, 17)
    return np.array([grid[np.argmax([2 * (y[:, j] * (out[:, j] > t)).sum() / (y[:, j].sum() + (out[:, j] > t).sum()) for t in grid])]
                     for j in range(y.shape[1])])


best, state = -1.0, None
for epoch in range(10):
    net.train()
    for i in torch.randperm(len(Xt)).split(64):
        opt.zero_grad(set_to_none=True)
        criterion(net(Xt[i]), Yt[i]).backward()
        opt.step()
    ap = average_precision_score(Yv, logits(Xv), average="macro")     # ranks, so logits do as well as probabilities
    if ap > best:
        best, state = ap, {k: v.clone() for k, v in net.state_dict().items()}

net.load_state_dict(state)
thr = best_thresholds(logits(Xv).numpy(), Yv.numpy())
out = logits(Xe).numpy()
print(f"val mAP {best:.3f} test mAP {average_precision_score(Ye.numpy(), out, average='macro'):.3f}")
print(f"test macro F1 {f1_score(Ye.numpy(), out > thr, average='macro'):.3f}, thresholds {thr.round(1).tolist()}")

# %% [markdown]
# # Focal loss for rare events (Lin et al. 2017)
# %%
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)

# %% data: 3 % positives
X, y = make_classification(6000, 20, n_informative=8, n_redundant=4, weights=[0.97], class_sep=1.2, flip_y=0.0,
                           random_state=0)
X_tmp, X_test, y_tmp, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X_tmp, y_tmp, test_size=0.25, stratify=y_tmp, random_state=0)
scaler = StandardScaler().fit(X_train)


def tensors(X, y):
    return TensorDataset(torch.tensor(scaler.transform(X), dtype=torch.float32),
                         torch.tensor(y, dtype=torch.float32).unsqueeze(1))


train_dl = DataLoader(tensors(X_train, y_train), batch_size=128, shuffle=True)
val_dl = DataLoader(tensors(X_val, y_val), batch_size=1024)
test_dl = DataLoader(tensors(X_test, y_test), batch_size=1024)


# %% the loss
class SigmoidFocalLoss(nn.Module):
    """-alpha_t (1 - p_t)^gamma log p_t, on logits. The sum is divided by the number of positives, not of anchors."""

    def __init__(self, alpha=0.25, gamma=2.0):
        super().__init__()
        self.alpha, self.gamma = alpha, gamma

    def forward(self, logits, targets):
        s = 2 * targets - 1
        log_pt = F.logsigmoid(s * logits)
        one_minus_pt = torch.sigmoid(-s * logits)
        alpha_t = torch.where(targets > 0.5, self.alpha, 1 - self.alpha)
        loss = -alpha_t * one_minus_pt.pow(self.gamma) * log_pt
        return loss.sum() / targets.sum().clamp(min=1.0)


# the closed form against the textbook one, on random numbers
_z, _t = torch.randn(50, 1), torch.randint(0, 2, (50, 1)).float()
_p = torch.sigmoid(_z)
_ref = torch.where(_t > 0.5, -0.25 * (1 - _p) ** 2 * _p.log(), -0.75 * _p ** 2 * (1 - _p).log()).sum() / _t.sum()
assert torch.allclose(SigmoidFocalLoss()(_z, _t), _ref, atol=1e-5)


# %% the model: the last bias starts at the prior
def build(prior=0.03):
    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    nn.init.normal_(net[-1].weight, std=0.01)
    nn.init.constant_(net[-1].bias, -math.log((1 - prior) / prior))
    return net


@torch.no_grad()
def scores(net, dl):
    net.eval()
    s, t = zip(*[(torch.sigmoid(net(xb)).squeeze(1), yb.squeeze(1)) for xb, yb in dl])
    net.train()
    return torch.cat(s).numpy(), torch.cat(t).numpy()


# %% training with early stopping on the validation average precision
def fit(criterion, max_epochs=15, patience=4):
    torch.manual_seed(1)
    net = build(prior=float(y_train.mean()))
    opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)
    best, best_state, wait = -np.inf, None, 0
    for epoch in range(max_epochs):
        for xb, yb in train_dl:
            opt.zero_grad()
            loss = criterion(net(xb), yb)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            opt.step()
        s, t = scores(net, val_dl)
        ap = average_precision_score(t, s)
        if ap > best:
            best, wait = ap, 0
            best_state = {k: v.detach().clone() for k, v in net.state_dict().items()}
        else:
            wait += 1
            if wait >= patience:
                break
    net.load_state_dict(best_state)
    return net, best


# %% the threshold comes from the validation set, the figures from the test set
for name, criterion in {"bce": nn.BCEWithLogitsLoss(), "focal": SigmoidFocalLoss()}.items():
    net, val_ap = fit(criterion)
    s, t = scores(net, val_dl)
    prec, rec, thr = precision_recall_curve(t, s)
    f1 = 2 * prec[:-1] * rec[:-1] / np.clip(prec[:-1] + rec[:-1], 1e-12, None)
    cut = thr[f1.argmax()]
    s, t = scores(net, test_dl)
    print(f"{name:6s} val AP {val_ap:.3f} | test AP {average_precision_score(t, s):.3f} "
          f"F1 {f1_score(t, s >= cut):.3f} at threshold {cut:.3f}")

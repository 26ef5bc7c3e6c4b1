# Rare-event detection: weighted BCE, threshold chosen on validation, AP / F1 on test
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score, precision_recall_curve
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler
from torch.utils.data import DataLoader, TensorDataset

SEED = 21
torch.manual_seed(SEED)
X, y = make_classification(6000, 15, n_informative=6, n_redundant=3, weights=[0.96], class_sep=1.2,
                           flip_y=0.005, random_state=SEED)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=SEED)
X_tr, X_va, y_tr, y_va = train_test_split(X_tr, y_tr, test_size=0.25, stratify=y_tr, random_state=SEED)

prep = make_pipeline(PowerTransformer(), StandardScaler())
X_tr = prep.fit_transform(X_tr).astype(np.float32)
X_va, X_te = (prep.transform(a).astype(np.float32) for a in (X_va, X_te))

train_loader = DataLoader(
    TensorDataset(torch.from_numpy(X_tr), torch.from_numpy(y_tr).float()), batch_size=128, shuffle=True)

model = nn.Sequential(
    nn.Linear(15, 64), nn.ReLU(), nn.Dropout(0.2),
    nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2),
    nn.Linear(32, 1),
)
pos_weight = torch.tensor((y_tr == 0).sum() / (y_tr == 1).sum(), dtype=torch.float32)
criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def scores(a):
    model.eval()
    with torch.no_grad():
        return model(torch.from_numpy(a)).squeeze(-1).sigmoid().numpy()


best_ap, best_weights, bad = 0.0, None, 0
for epoch in range(15):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb).squeeze(-1), yb)
        loss.backward()
        optimizer.step()
    ap = average_precision_score(y_va, scores(X_va))
    if ap > best_ap:
        best_ap, bad = ap, 0
        best_weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
    else:
        bad += 1
        if bad == 4:
            print(f"stopped after epoch {epoch}")
            break

model.load_state_dict(best_weights)
precision, recall, thresholds = precision_recall_curve(y_va, scores(X_va))
f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
threshold = thresholds[f1[:-1].argmax()]      # the last point of the curve has no threshold

p = scores(X_te)
pred = (p >= threshold).astype(int)
print(f"prevalence {y_te.mean():.3f}  threshold {threshold:.3f}")
print(f"val AP {best_ap:.3f}  test AP {average_precision_score(y_te, p):.3f}  test F1 {f1_score(y_te, pred):.3f}")
print(confusion_matrix(y_te, pred))

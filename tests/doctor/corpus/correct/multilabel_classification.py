"""Multi-label classification: BCEWithLogits with pos_weight and per-label thresholds from validation."""
import numpy as np
import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

RANDOM_STATE = 77


def prepare():
    X, Y = make_multilabel_classification(
        n_samples=2000, n_features=30, n_classes=6, n_labels=2, random_state=RANDOM_STATE)
    X_rest, X_te, Y_rest, Y_te = train_test_split(X, Y, test_size=0.2, random_state=RANDOM_STATE)
    X_tr, X_va, Y_tr, Y_va = train_test_split(X_rest, Y_rest, test_size=0.2, random_state=RANDOM_STATE)
    sc = StandardScaler().fit(X_tr)
    f = lambda a, b: (torch.tensor(sc.transform(a), dtype=torch.float32), torch.tensor(b, dtype=torch.float32))
    return f(X_tr, Y_tr), f(X_va, Y_va), f(X_te, Y_te)


def probabilities(model, x):
    model.eval()
    with torch.inference_mode():
        return torch.sigmoid(model(x)).numpy()


def best_thresholds(prob, truth):
    grid = np.arange(0.05, 0.95, 0.05)
    scores = [[f1_score(truth[:, k], prob[:, k] >= t, zero_division=0) for t in grid] for k in range(truth.shape[1])]
    return grid[np.argmax(np.array(scores), axis=1)]


def main():
    torch.manual_seed(RANDOM_STATE)
    (x_tr, y_tr), (x_va, y_va), (x_te, y_te) = prepare()
    pos = y_tr.sum(0)
    criterion = nn.BCEWithLogitsLoss(pos_weight=(len(y_tr) - pos) / pos)
    model = nn.Sequential(nn.Linear(30, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 6))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=64, shuffle=True)
    best_map, best_state = 0.0, {k: v.clone() for k, v in model.state_dict().items()}
    for epoch in range(10):
        model.train()
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
        val_map = average_precision_score(y_va.numpy(), probabilities(model, x_va), average="macro")
        print(f"epoch {epoch + 1:2d}: val mAP {val_map:.4f}")
        if val_map > best_map:
            best_map, best_state = val_map, {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(best_state)
    thr = best_thresholds(probabilities(model, x_va), y_va.numpy())
    prob = probabilities(model, x_te)
    print("thresholds", thr.round(2).tolist())
    print(f"test mAP {average_precision_score(y_te.numpy(), prob, average='macro'):.4f} "
          f"macro-F1 {f1_score(y_te.numpy(), prob >= thr, average='macro', zero_division=0):.4f}")


if __name__ == "__main__":
    main()

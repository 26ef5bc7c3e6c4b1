import numpy as np
import torch
import torch.nn as nn

np.random.seed(77)
torch.manual_seed(77)


def make_transactions(n):
    y = (np.random.rand(n) < 0.06).astype(np.float32)
    x = np.random.randn(n, 12).astype(np.float32)
    x[:, :4] += 0.9 * y[:, None]
    return torch.from_numpy(x), torch.from_numpy(y)


def roc_auc(scores, labels):
    """Rank-sum AUC; ties share their mean rank."""
    scores, labels = np.asarray(scores, dtype=np.float64), np.asarray(labels)
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(counts)
    mean_rank = last_rank - (counts - 1) / 2
    ranks = mean_rank[inverse]
    pos = labels == 1
    n_pos, n_neg = pos.sum(), (~pos).sum()
    return (ranks[pos].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg)


x_train, y_train = make_transactions(3000)
x_val, y_val = make_transactions(1500)

neg, pos = (y_train == 0).sum(), (y_train == 1).sum()
print(f"{int(pos)} frauds among {len(y_train)} training transactions")

model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 1))
criterion = nn.BCEWithLogitsLoss(pos_weight=neg / pos)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)

for epoch in range(8):
    model.train()
    for b in torch.randperm(len(x_train)).split(100):
        optimizer.zero_grad()
        loss = criterion(model(x_train[b]).squeeze(1), y_train[b])
        loss.backward()
        optimizer.step()

    model.eval()
    with torch.no_grad():
        train_scores = model(x_train).squeeze(1)
        val_scores = model(x_val).squeeze(1)
    print(
        f"epoch {epoch + 1}: train AUC {roc_auc(train_scores.numpy(), y_train.numpy()):.3f} "
        f"val AUC {roc_auc(val_scores.numpy(), y_val.numpy()):.3f}"
    )

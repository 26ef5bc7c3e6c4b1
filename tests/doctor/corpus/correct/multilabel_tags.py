"""Multi-label tagging with imbalance weights, a threshold tuned on validation and hand-written F1."""
import torch
import torch.nn as nn
from sklearn.datasets import make_multilabel_classification
from torch.utils.data import DataLoader, TensorDataset

SEED, N_TAGS = 17, 6
torch.manual_seed(SEED)

X, Y = make_multilabel_classification(n_samples=1500, n_features=30, n_classes=N_TAGS, n_labels=2,
                                      allow_unlabeled=True, random_state=SEED)
X = torch.from_numpy(X).float()
Y = torch.from_numpy(Y).float()
perm = torch.randperm(len(X))
X, Y = X[perm], Y[perm]
splits = {"train": slice(0, 900), "val": slice(900, 1200), "test": slice(1200, 1500)}

mu, sd = X[splits["train"]].mean(0), X[splits["train"]].std(0).clamp_min(1e-6)
X = (X - mu) / sd

pos = Y[splits["train"]].sum(0)
pos_weight = (splits["train"].stop - pos) / pos

loaders = {
    name: DataLoader(TensorDataset(X[s], Y[s]), batch_size=50, shuffle=name == "train")
    for name, s in splits.items()
}


class Tagger(nn.Module):
    def __init__(self, d_in, d_hidden, n_tags):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d_in, d_hidden), nn.GELU(), nn.Dropout(0.3))
        self.heads = nn.ModuleList([nn.Linear(d_hidden, 1) for _ in range(n_tags)])

    def forward(self, x):
        h = self.body(x)
        return torch.cat([head(h) for head in self.heads], dim=1)


class F1:
    """Counts are added up over batches; the ratio is formed once, at the end."""

    def __init__(self, n_tags):
        self.tp = torch.zeros(n_tags)
        self.fp = torch.zeros(n_tags)
        self.fn = torch.zeros(n_tags)

    def update(self, pred, target):
        pred, target = pred.bool(), target.bool()
        self.tp += (pred & target).sum(0)
        self.fp += (pred & ~target).sum(0)
        self.fn += (~pred & target).sum(0)

    def macro(self):
        return (2 * self.tp / (2 * self.tp + self.fp + self.fn).clamp(min=1)).mean().item()

    def micro(self):
        tp, fp, fn = self.tp.sum(), self.fp.sum(), self.fn.sum()
        return (2 * tp / (2 * tp + fp + fn)).item()


@torch.no_grad()
def collect(model, loader):
    model.eval()
    scores, targets = [], []
    for xb, yb in loader:
        scores.append(model(xb).sigmoid())
        targets.append(yb)
    return torch.cat(scores), torch.cat(targets)


def f1_at(scores, targets, threshold):
    m = F1(targets.size(1))
    m.update(scores > threshold, targets)
    return m


model = Tagger(30, 64, N_TAGS)
criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

for epoch in range(10):
    model.train()
    seen = running = 0.0
    meter = F1(N_TAGS)
    for xb, yb in loaders["train"]:
        logits = model(xb)
        loss = criterion(logits, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.detach() * len(xb)
        seen += len(xb)
        meter.update(logits.detach() > 0, yb)
    if epoch % 3 == 0:
        val = f1_at(*collect(model, loaders["val"]), 0.5)
        print(f"epoch {epoch} loss {running / seen:.4f} train macro-F1 {meter.macro():.3f} val macro-F1 {val.macro():.3f}")

val_scores, val_targets = collect(model, loaders["val"])
grid = torch.linspace(0.2, 0.8, 25).tolist()
threshold = max(grid, key=lambda t: f1_at(val_scores, val_targets, t).macro())
test = f1_at(*collect(model, loaders["test"]), threshold)
print(f"threshold {threshold:.2f} (from validation); test macro-F1 {test.macro():.3f}, micro-F1 {test.micro():.3f}")

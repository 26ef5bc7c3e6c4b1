"""Multi-label tagging with rare tags: positive weights, thresholds tuned on validation, micro and macro F1."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score
from torch.utils.data import DataLoader, TensorDataset

SEED = 17
torch.manual_seed(SEED)

X, Y = make_multilabel_classification(n_samples=1600, n_features=40, n_classes=8, n_labels=2,
                                      allow_unlabeled=True, random_state=SEED)
X = np.log1p(X).astype(np.float32)
Y = Y.astype(np.float32)
order = np.random.default_rng(SEED).permutation(len(X))
i_tr, i_va, i_te = np.split(order, [1000, 1300])
mu, sd = X[i_tr].mean(0), X[i_tr].std(0) + 1e-6


def dataset(idx):
    return TensorDataset(torch.from_numpy((X[idx] - mu) / sd), torch.from_numpy(Y[idx]))


freq = torch.from_numpy(Y[i_tr].mean(0))
pos_weight = ((1 - freq) / freq).clamp(max=10).sqrt()        # softened: the full ratio costs precision
print("share of positives:", [round(v, 2) for v in freq.tolist()])


class Tagger(nn.Module):
    def __init__(self, n_in, n_tags, prior):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_in, 64), nn.LayerNorm(64), nn.GELU(), nn.Dropout(0.2), nn.Linear(64, n_tags))
        with torch.no_grad():
            self.net[-1].bias.copy_(torch.logit(prior.clamp(1e-3, 1 - 1e-3)))

    def forward(self, x):
        return self.net(x)


def collect(model, loader):
    model.eval()
    probs, gold = [], []
    with torch.no_grad():
        for x, y in loader:
            probs.append(torch.sigmoid(model(x)))     # independent tags: the rows don't sum to one
            gold.append(y)
    return torch.cat(probs).numpy(), torch.cat(gold).numpy().astype(int)


def tune(probs, gold, grid=np.linspace(0.1, 0.9, 33)):
    """One threshold per tag: the one with the best F1."""
    return np.array([
        max(grid, key=lambda t: f1_score(gold[:, k], probs[:, k] >= t, zero_division=0))
        for k in range(gold.shape[1])
    ])


def report(name, probs, gold, threshold):
    pred = (probs >= threshold).astype(int)
    print(f"{name}: micro F1 {f1_score(gold, pred, average='micro'):.3f} "
          f"macro F1 {f1_score(gold, pred, average='macro', zero_division=0):.3f} "
          f"exact {(pred == gold).all(1).mean():.3f}")


train = DataLoader(dataset(i_tr), 50, shuffle=True)
val, test = DataLoader(dataset(i_va), 256), DataLoader(dataset(i_te), 256)
model = Tagger(40, 8, freq)
criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)

best, state = -1.0, None
for epoch in range(15):
    model.train()
    running = 0.0
    for x, y in train:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item() * x.size(0)
    p, g = collect(model, val)
    macro = f1_score(g, p >= 0.5, average="macro", zero_division=0)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} loss {running / len(train.dataset):.4f} val macro F1 at 0.5: {macro:.3f}")
    if macro > best:
        best, state = macro, {k: v.clone() for k, v in model.state_dict().items()}

model.load_state_dict(state)
thresholds = tune(*collect(model, val))
p, g = collect(model, test)
report("test, threshold 0.5  ", p, g, 0.5)
report("test, tuned on val   ", p, g, thresholds)

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)
GENRES = ["action", "comedy", "drama", "horror", "romance"]
WORDS = 60


def make_plots(n, topic_words, prior, g):
    """Bag-of-words plots; every genre of a film raises the rate of its own words."""
    tags = (torch.rand(n, len(GENRES), generator=g) < prior).float()
    rates = 0.3 + tags @ topic_words
    return torch.poisson(rates, generator=g), tags


def f1_per_genre(logits, tags, threshold=0.5):
    pred = (logits.sigmoid() > threshold).float()
    tp = (pred * tags).sum(0)
    fp = (pred * (1 - tags)).sum(0)
    fn = ((1 - pred) * tags).sum(0)
    return 2 * tp / (2 * tp + fp + fn).clamp(min=1)


g = torch.Generator().manual_seed(80)
topic_words = 1.5 * (torch.rand(len(GENRES), WORDS, generator=g) < 0.12).float()
prior = torch.tensor([0.3, 0.35, 0.5, 0.12, 0.25])
X_train, Y_train = make_plots(1500, topic_words, prior, g)
X_test, Y_test = make_plots(500, topic_words, prior, g)
X_train, X_test = X_train.log1p(), X_test.log1p()

positives = Y_train.sum(0)
pos_weight = (len(Y_train) - positives) / positives

model = nn.Sequential(nn.Linear(WORDS, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, len(GENRES)))
criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
loader = DataLoader(TensorDataset(X_train, Y_train), batch_size=64, shuffle=True)

for epoch in range(8):
    model.train()
    epoch_loss = 0.0
    for x, tags in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), tags)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(x)
    print(f"epoch {epoch + 1} loss {epoch_loss / len(X_train):.4f}")

model.eval()
with torch.no_grad():
    scores = f1_per_genre(model(X_test), Y_test)
for name, s in zip(GENRES, scores.tolist()):
    print(f"{name:<8} F1 {s:.3f}")
print(f"macro F1 {scores.mean().item():.3f}")

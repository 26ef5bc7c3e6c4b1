import torch
from torch import nn

torch.manual_seed(17)


def make_items(n, w):
    feats = torch.randn(n, 12)
    quality = feats @ w + 0.3 * torch.randn(n)
    return feats, quality


def kendall_like(score, quality):
    """Share of item pairs that are put in the right order."""
    i, j = torch.triu_indices(len(score), len(score), offset=1)
    return ((score[i] > score[j]) == (quality[i] > quality[j])).float().mean().item()


w_true = torch.randn(12)
feats, quality = make_items(600, w_true)
val_feats, val_quality = make_items(150, w_true)

ranker = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 1), nn.Flatten(0))
loss_fn = nn.MarginRankingLoss(margin=0.5)
optimizer = torch.optim.Adam(ranker.parameters(), lr=2e-3)

for step in range(1, 301):
    left = torch.randint(0, 600, (64,))
    right = (left + torch.randint(1, 600, (64,))) % 600
    target = (quality[left] > quality[right]).float() * 2 - 1
    ranker.train()
    loss = loss_fn(ranker(feats[left]), ranker(feats[right]), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        ranker.eval()
        with torch.no_grad():
            tau = kendall_like(ranker(val_feats), val_quality)
        print(f"step {step:3d}  loss {loss.item():.3f}  val pair order {tau:.3f}")

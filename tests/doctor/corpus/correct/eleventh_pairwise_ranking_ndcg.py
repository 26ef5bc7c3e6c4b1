"""RankNet on query groups; NDCG@5 on queries never seen in training."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(46)
QUERIES, DOCS, FEATURES = 160, 12, 8

w = torch.randn(FEATURES)
features = torch.randn(QUERIES, DOCS, FEATURES)
# every query has its own offset, so only the order inside a query means something
utility = features @ w + features[..., 0] * features[..., 1] + 0.5 * torch.randn(QUERIES, DOCS) + 5 * torch.randn(QUERIES, 1)
position = utility.argsort(1).argsort(1)
relevance = (position.float() * 5 / DOCS).floor()      # grades 0..4 within the query

train_q = torch.arange(120)
test_q = torch.arange(120, QUERIES)


def ndcg(scores, rel, k=5):
    discount = 1 / torch.log2(torch.arange(k) + 2.0)
    gain = 2**rel - 1
    top = scores.topk(k, dim=1).indices
    dcg = (gain.gather(1, top) * discount).sum(1)
    ideal = (gain.topk(k, dim=1).values * discount).sum(1)
    return (dcg / ideal).mean().item()


def ranknet_loss(scores, rel):
    diff = scores.unsqueeze(2) - scores.unsqueeze(1)
    better = rel.unsqueeze(2) > rel.unsqueeze(1)
    return F.softplus(-diff[better]).mean()


class Scorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(FEATURES, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1, bias=False))

    def forward(self, x):
        return self.net(x).squeeze(-1)


model = Scorer()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(16):
    model.train()
    for q in train_q[torch.randperm(len(train_q))].split(10):
        optimizer.zero_grad()
        ranknet_loss(model(features[q]), relevance[q]).backward()
        optimizer.step()
    if epoch % 4 == 3:
        model.eval()
        with torch.no_grad():
            s = model(features[test_q])
        print(f"epoch {epoch + 1}: NDCG@5 {ndcg(s, relevance[test_q]):.3f}")

print("random order:", round(ndcg(torch.rand(len(test_q), DOCS), relevance[test_q]), 3))

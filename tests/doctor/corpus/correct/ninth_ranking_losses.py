import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 15
torch.manual_seed(SEED)
gen = torch.Generator().manual_seed(SEED)
DOCS, FEATS = 12, 10

def queries(n, w):
    lengths = torch.randint(6, DOCS + 1, (n,), generator=gen)
    mask = torch.arange(DOCS) < lengths[:, None]
    x = torch.randn(n, DOCS, FEATS, generator=gen)
    q = torch.randn(n, 1, FEATS, generator=gen) * 2 + 5      # a per-query offset that carries no information
    u = x @ w + 0.7 * x[..., 0] * x[..., 1] + 0.5 * torch.randn(n, DOCS, generator=gen)
    rel = torch.bucketize(u, torch.tensor([0.5, 1.5, 3.0]))  # grades 0..3
    return (x + q).masked_fill(~mask[..., None], 0.0), rel.masked_fill(~mask, 0), mask


w_true = torch.randn(FEATS, generator=gen) * 0.6
train, val, test = queries(400, w_true), queries(120, w_true), queries(120, w_true)
print({k: tuple(v[0].shape) for k, v in dict(train=train, val=val, test=test).items()})

def per_query_norm(x, mask):
    m = mask[..., None].float()
    n = m.sum(1, keepdim=True)
    mean = (x * m).sum(1, keepdim=True) / n
    var = ((x - mean) ** 2 * m).sum(1, keepdim=True) / n
    return (x - mean) / (var + 1e-6).sqrt() * m


class Scorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(FEATS, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x, mask):
        s = self.net(per_query_norm(x, mask)).squeeze(-1)
        return s.masked_fill(~mask, -1e4)

def ranknet(s, rel, mask):
    diff = s[:, :, None] - s[:, None, :]
    better = (rel[:, :, None] > rel[:, None, :]) & mask[:, :, None] & mask[:, None, :]
    return F.softplus(-diff)[better].mean()


def listnet(s, rel, mask):
    target = rel.float().masked_fill(~mask, float("-inf")).softmax(1)
    return -(target * s.log_softmax(1)).sum(1).mean()


def ndcg(s, rel, k=5):
    disc = 1 / torch.log2(torch.arange(k) + 2.0)
    gain = 2.0 ** rel - 1
    got = (gain.gather(1, s.topk(k, dim=1).indices) * disc).sum(1)
    ideal = (gain.topk(k, dim=1).values * disc).sum(1)
    has = ideal > 0
    return (got[has] / ideal[has]).mean().item()


def evaluate(model, data):
    x, rel, mask = data
    model.eval()
    with torch.no_grad():
        return ndcg(model(x, mask), rel)

def train_with(loss_fn, epochs=10):
    torch.manual_seed(SEED)
    model = Scorer()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    best, best_state = 0.0, None
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(train[0])).split(25):
            x, rel, mask = (t[idx] for t in train)
            loss = loss_fn(model(x, mask), rel, mask)
            opt.zero_grad()
            loss.backward()
            opt.step()
        score = evaluate(model, val)
        if score > best:
            best, best_state = score, {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(best_state)
    return best, evaluate(model, test)


for loss_fn in (ranknet, listnet):
    best, final = train_with(loss_fn)
    print(f"{loss_fn.__name__}: best val NDCG@5 {best:.3f}, test {final:.3f}")

random_scores = torch.rand(test[1].shape).masked_fill(~test[2], -1.0)
print(f"random order: {ndcg(random_scores, test[1]):.3f}")

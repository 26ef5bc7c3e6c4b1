import torch
from torch import nn

CFG = dict(dim=24, emb=12, classes=15, margin=0.3, lr=2e-3, epochs=6, k=5)


def sample(proto, n):
    y = torch.randint(0, len(proto), (n,))
    return proto[y] + 0.8 * torch.randn(n, proto.size(1)), y


def triplets(y):
    """For every anchor one random positive and one random negative of the batch."""
    same = y[:, None] == y[None, :]
    pos = same.float().fill_diagonal_(0)
    usable = (pos.sum(1) > 0).nonzero().flatten()
    p = torch.multinomial(pos[usable], 1).squeeze(1)
    n = torch.multinomial((~same).float()[usable], 1).squeeze(1)
    return usable, p, n


class Embedder(nn.Module):
    def __init__(self, dim, emb):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(dim, 64), nn.ReLU(), nn.Linear(64, emb))

    def forward(self, x):
        return nn.functional.normalize(self.f(x), dim=-1)


@torch.no_grad()
def recall_at_k(model, query, gallery, k):
    model.eval()
    (qx, qy), (gx, gy) = query, gallery
    dist = torch.cdist(model(qx), model(gx))
    found = dist.topk(k, dim=1, largest=False).indices
    return (gy[found] == qy[:, None]).any(1).float().mean().item()


torch.manual_seed(52)
proto = torch.randn(CFG["classes"], CFG["dim"])
x, y = sample(proto, 1500)
query, gallery = sample(proto, 200), sample(proto, 300)
model = Embedder(CFG["dim"], CFG["emb"])
criterion = nn.TripletMarginLoss(margin=CFG["margin"])
opt = torch.optim.Adam(model.parameters(), lr=CFG["lr"])
for epoch in range(CFG["epochs"]):
    model.train()
    for idx in torch.randperm(len(x)).split(100):
        z = model(x[idx])
        a, p, n = triplets(y[idx])
        loss = criterion(z[a], z[p], z[n])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, "recall@%d" % CFG["k"], recall_at_k(model, query, gallery, CFG["k"]))

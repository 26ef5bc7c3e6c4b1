import torch
from torch import nn
from torch.nn import functional as F

N_ITEMS, DIM = 400, 24


def two_views(proto, noise, gen):
    """Two noisy recordings of the same items."""
    a = proto + noise * torch.randn(proto.shape, generator=gen)
    b = proto + noise * torch.randn(proto.shape, generator=gen)
    return a, b


def batch_hard_triplet(anchor, positive, margin=0.2):
    dist = 1.0 - anchor @ positive.t()
    pos = dist.diagonal()
    own = torch.eye(len(dist), dtype=torch.bool)
    neg = dist.masked_fill(own, float("inf")).min(dim=1).values
    return F.relu(pos - neg + margin).mean()


def recall_at_1(model, proto, gen):
    model.eval()
    with torch.no_grad():
        a, b = two_views(proto, 0.35, gen)
        za, zb = F.normalize(model(a), dim=1), F.normalize(model(b), dim=1)
        hit = (za @ zb.t()).argmax(1) == torch.arange(len(za))
    return hit.float().mean().item()


def main():
    torch.manual_seed(31)
    gen = torch.Generator().manual_seed(32)
    basis = torch.randn(10, DIM, generator=gen)
    items = torch.randn(N_ITEMS, 10, generator=gen) @ basis / 10 ** 0.5
    train_items, val_items = items[:300], items[300:]
    model = nn.Sequential(nn.Linear(DIM, 64), nn.ReLU(), nn.Linear(64, 16))
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    print("before: recall@1 %.3f" % recall_at_1(model, val_items, gen))
    for epoch in range(30):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(train_items)).split(25):
            a, b = two_views(train_items[idx], 0.35, gen)
            loss = batch_hard_triplet(F.normalize(model(a), dim=1), F.normalize(model(b), dim=1))
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        if epoch % 6 == 5:
            print(f"epoch {epoch + 1}: loss {total / len(train_items):.4f} recall@1 {recall_at_1(model, val_items, gen):.3f}")


main()

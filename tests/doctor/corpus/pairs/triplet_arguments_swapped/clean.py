import torch
from torch import nn

torch.manual_seed(69)
emb = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 8))
triplet = nn.TripletMarginLoss(margin=0.5)
opt = torch.optim.Adam(emb.parameters(), lr=1e-3)
centers = torch.randn(10, 12)


def triplets(n):
    c = torch.randint(0, 10, (n,))
    other = (c + torch.randint(1, 10, (n,))) % 10
    noise = lambda: 0.5 * torch.randn(n, 12)
    return centers[c] + noise(), centers[c] + noise(), centers[other] + noise()


for step in range(120):
    anchor, positive, negative = triplets(48)
    loss = triplet(emb(anchor), emb(positive), emb(negative))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 40 == 0:
        print(step, loss.item())
with torch.no_grad():
    a, p, n = (emb(t) for t in triplets(200))
    print("ranked right:", ((a - p).norm(dim=1) < (a - n).norm(dim=1)).float().mean().item())

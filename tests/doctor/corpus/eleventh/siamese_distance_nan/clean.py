import torch
from torch import nn

torch.manual_seed(10)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=1.0):
        super().__init__()
        self.margin = margin

    def forward(self, emb_a, emb_b, same):
        dist = torch.sqrt(((emb_a - emb_b) ** 2).sum(dim=1) + 1e-8)
        pull = same * dist ** 2
        push = (1 - same) * torch.clamp(self.margin - dist, min=0) ** 2
        return 0.5 * (pull + push).mean()


class PairSampler:
    """Half of the pairs from one person, half from two persons."""

    def __init__(self, faces, persons, generator):
        self.faces, self.persons, self.gen = faces, persons, generator
        self.by_person = [torch.nonzero(persons == p).flatten() for p in persons.unique()]

    def pick(self, person):
        pool = self.by_person[person]
        return self.faces[pool[torch.randint(len(pool), (1,), generator=self.gen)]]

    def batch(self, size):
        left, right, same = [], [], []
        for n in range(size):
            p = int(torch.randint(4, (1,), generator=self.gen))
            q = p if n % 2 == 0 else (p + 1 + int(torch.randint(3, (1,), generator=self.gen))) % 4
            left.append(self.pick(p))
            right.append(self.pick(q))
            same.append(float(p == q))
        return torch.cat(left), torch.cat(right), torch.tensor(same)


persons = torch.arange(4).repeat_interleave(100)
prototypes = torch.randn(4, 16)
faces = prototypes[persons] + 0.8 * torch.randn(400, 16)
train_mask = torch.arange(400) % 100 < 80

net = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
loss_fn = ContrastiveLoss()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
sampler = PairSampler(faces[train_mask], persons[train_mask], torch.Generator().manual_seed(10))

for step in range(150):
    a, b, same = sampler.batch(24)
    opt.zero_grad()
    loss = loss_fn(net(a), net(b), same)
    loss.backward()
    opt.step()
    if step % 25 == 0:
        print(step, "contrastive loss:", loss.item())

net.eval()
with torch.no_grad():
    emb = net(faces)
    centers = torch.stack([emb[train_mask & (persons == p)].mean(0) for p in range(4)])
    nearest = torch.cdist(emb[~train_mask], centers).argmin(dim=1)
print("accuracy by nearest center:", (nearest == persons[~train_mask]).float().mean().item())

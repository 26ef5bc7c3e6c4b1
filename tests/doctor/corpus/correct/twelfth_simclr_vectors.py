import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1234)
K, DIM = 5, 24
centers = torch.randn(K, DIM) * 0.6


def make_split(n):
    y = torch.randint(0, K, (n,))
    return centers[y] + 0.9 * torch.randn(n, DIM), y


def augment(x):
    noisy = x + 0.3 * torch.randn_like(x)
    return noisy * (torch.rand_like(x) > 0.2)


def nt_xent(z1, z2, temperature=0.3):
    n = z1.size(0)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.t() / temperature
    sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    target = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, target)


class SimCLR(nn.Module):
    def __init__(self, hidden=64, feat=32, proj=16):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(DIM, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, feat))
        self.projector = nn.Sequential(nn.ReLU(), nn.Linear(feat, feat), nn.ReLU(), nn.Linear(feat, proj))

    def forward(self, x):
        return self.projector(self.encoder(x))


def pretrain(model, x, epochs=15, batch_size=100):
    opt = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-4)
    steps = epochs * (len(x) // batch_size)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=4e-3, total_steps=steps)
    model.train()
    for epoch in range(epochs):
        total = 0.0
        for idx in torch.randperm(len(x)).split(batch_size):
            batch = x[idx]
            loss = nt_xent(model(augment(batch)), model(augment(batch)))
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item()
        if epoch % 5 == 4:
            print(f"pretrain epoch {epoch + 1}: nt-xent {total / (len(x) // batch_size):.3f}")


def linear_probe(model, train, test, epochs=100):
    model.eval()
    with torch.no_grad():
        f_train, f_test = model.encoder(train[0]), model.encoder(test[0])
    probe = nn.Linear(f_train.size(1), K)
    opt = torch.optim.Adam(probe.parameters(), lr=1e-2)
    for _ in range(epochs):
        opt.zero_grad()
        F.cross_entropy(probe(f_train), train[1]).backward()
        opt.step()
    with torch.no_grad():
        return (probe(f_test).argmax(1) == test[1]).float().mean().item()


unlabelled, _ = make_split(1000)
labelled, test = make_split(60), make_split(400)

model = SimCLR()
print(f"probe accuracy before pretraining: {linear_probe(model, labelled, test):.3f}")
pretrain(model, unlabelled)
print(f"probe accuracy after pretraining:  {linear_probe(model, labelled, test):.3f}")

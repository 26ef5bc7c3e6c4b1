import math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Sampler


class Sums(Dataset):
    """Predict the mean of a sequence of unknown length."""
    def __init__(self, n, gen):
        self.seqs = [torch.randn(int(L), 3, generator=gen) for L in torch.randint(2, 30, (n,), generator=gen)]

    def __len__(self):
        return len(self.seqs)

    def __getitem__(self, idx):
        s = self.seqs[idx]
        return s, s.mean(0)[0]


class BucketBatches(Sampler):
    def __init__(self, lengths, batch_size, generator):
        self.lengths = torch.as_tensor(lengths)
        self.batch_size = batch_size
        self.generator = generator

    def __iter__(self):
        jitter = torch.rand(len(self.lengths), generator=self.generator) * 4
        order = torch.argsort(self.lengths + jitter)
        batches = list(order.split(self.batch_size))
        for b in torch.randperm(len(batches), generator=self.generator).tolist():
            yield batches[b].tolist()

    def __len__(self):
        return math.ceil(len(self.lengths) / self.batch_size)


def pad_collate(batch):
    seqs, targets = zip(*batch)
    longest = max(s.size(0) for s in seqs)
    x = torch.zeros(len(seqs), longest, seqs[0].size(1))
    mask = torch.zeros(len(seqs), longest, dtype=torch.bool)
    for i, s in enumerate(seqs):
        x[i, :s.size(0)] = s
        mask[i, :s.size(0)] = True
    return {"x": x, "mask": mask, "y": torch.stack(targets)}


class DeepSet(nn.Module):
    def __init__(self, d=3, h=32):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, h))
        self.rho = nn.Sequential(nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 1))

    def forward(self, x, mask):
        h = self.phi(x) * mask.unsqueeze(-1)
        pooled = h.sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return self.rho(pooled).squeeze(-1)


gen = torch.Generator().manual_seed(2)
torch.manual_seed(2)
train_ds, test_ds = Sums(400, gen), Sums(100, gen)
train = DataLoader(train_ds, batch_sampler=BucketBatches([len(s) for s in train_ds.seqs], 40, gen), collate_fn=pad_collate)
test = DataLoader(test_ds, batch_size=50, collate_fn=pad_collate)
net = DeepSet()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    for batch in train:
        loss = nn.functional.huber_loss(net(batch["x"], batch["mask"]), batch["y"])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    se, n = 0.0, 0
    with torch.no_grad():
        for batch in test:
            err = net(batch["x"], batch["mask"]) - batch["y"]
            se += err.square().sum().item()
            n += err.numel()
    print(epoch, "rmse", math.sqrt(se / n))
